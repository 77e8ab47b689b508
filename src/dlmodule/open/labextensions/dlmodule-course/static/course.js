// A JupyterLab extension, written by hand: a way home and to the next part from every notebook; #cell-id=... in an address
// opens the notebook at that cell. JupyterLab loads a container with init and get, and get gives a plugin.
const wanted = location.hash; // before JupyterLab puts its own address in place
const settings = JSON.parse(document.getElementById("jupyter-config-data").textContent);

/** JupyterLab's Widget, the base of all its classes: of the very copy that runs. */
function widgetClass(shell) {
  let base = shell.constructor;
  while (Object.getPrototypeOf(base) !== Function.prototype) base = Object.getPrototypeOf(base);
  return base;
}

async function openPart(app, part) {
  const token = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/)?.[1] ?? "";
  const body = new URLSearchParams({ _xsrf: token, part: part.id, version: "student" });
  const answer = await fetch(`${settings.courseHome}open`, { method: "POST", body });
  if (answer.url.includes("/lab/tree/")) await app.commands.execute("docmanager:open", { path: part.path });
  else location.assign(settings.courseHome); // it says there what is in the way
}

const plugin = {
  id: "dlmodule-course:plugin",
  autoStart: true,
  activate: (app) => {
    const Widget = widgetClass(app.shell);
    const bar = new Widget({ node: document.createElement("nav") });
    bar.id = "dlmodule-course";
    bar.node.setAttribute("aria-label", "Course");
    bar.node.style.cssText = "display:flex;gap:1em;align-items:center;padding:0 1em;font-size:var(--jp-ui-font-size1);white-space:nowrap";
    const link = (text) => {
      const made = bar.node.appendChild(document.createElement("a"));
      made.textContent = text;
      made.href = settings.courseHome;
      made.style.cssText = "color:var(--jp-content-link-color);text-decoration:underline;line-height:28px";
      return made;
    };
    link("Course home");
    const next = link("");
    let part = null;
    next.addEventListener("click", (event) => {
      event.preventDefault();
      openPart(app, part);
    });
    const show = () => {
      const path = app.shell.currentWidget?.context?.path;
      const place = settings.courseParts.findIndex((each) => each.path === path);
      part = (place >= 0 && settings.courseParts[place + 1]) || null;
      next.textContent = part ? `Next: ${part.title}` : "";
      next.hidden = !part;
    };
    let target = wanted.startsWith("#cell-id=") ? wanted : "";
    const land = () => {
      const panel = app.shell.currentWidget;
      if (!target || !panel?.content?.widgets || !panel.sessionContext) return;
      const id = decodeURIComponent(target.slice("#cell-id=".length));
      target = "";
      const notebook = panel.content;
      const go = () => {
        const index = notebook.widgets.findIndex((cell) => cell.model.id === id);
        if (index < 0) return;
        notebook.deselectAll();
        notebook.activeCellIndex = index;
        notebook.scrollToItem(index, "start");
      };
      // JupyterLab makes the first cell active when it has filled the notebook, which may be after it says that it is ready.
      Promise.all([panel.context.ready, panel.revealed, panel.sessionContext.ready]).then(() => {
        go();
        setTimeout(go, 500);
      });
    };
    app.shell.add(bar, "top", { rank: 900 });
    show();
    app.restored.then(() => {
      // The outline beside the first notebook that is ever opened here; from then on the sidebar is as it was left.
      if (!localStorage.getItem("dlmodule-course-outline") && app.commands.hasCommand("toc:show-panel")) {
        localStorage.setItem("dlmodule-course-outline", "shown");
        app.commands.execute("toc:show-panel");
      }
      show();
      land();
      app.shell.currentChanged.connect(() => {
        show();
        land();
      });
    });
  },
};

(window._JUPYTERLAB ??= {})["dlmodule-course"] = { init: () => {}, get: async () => () => plugin };
