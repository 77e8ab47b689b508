// When the learner comes back to this page, show progress made meanwhile. Everything works without this script.
const current = document.body.dataset.state;

async function refresh() {
  if (document.visibilityState !== "visible" || document.querySelector("#progress-file")?.files.length) return;
  try {
    const answer = await fetch("state", { cache: "no-store" });
    if (answer.ok && (await answer.text()) !== current) location.reload();
  } catch {
    // The course was closed; the page stays readable.
  }
}

document.addEventListener("visibilitychange", refresh);
addEventListener("pageshow", (event) => { if (event.persisted) refresh(); });

// The token has done its work: it stays neither in the address bar nor in the history.
if (new URLSearchParams(location.search).has("token")) history.replaceState(null, "", location.pathname + location.hash);

for (const button of document.querySelectorAll("[data-dismiss]")) {
  button.hidden = false;
  button.addEventListener("click", () => button.closest(".notice").remove());
}

// Find parts and exercises: rows without the words are put away, and where an exercise has them its list is unfolded.
const find = document.querySelector("#find");
if (find) {
  const rows = [...document.querySelectorAll(".lectures tbody")].map((body) => [body, body.textContent.toLowerCase()]);
  const exercises = [...document.querySelectorAll(".exercises li")].map((item) => [item.closest("details"), item.textContent.toLowerCase()]);
  find.closest("p").hidden = false;
  find.addEventListener("input", () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const holds = (text) => words.every((word) => text.includes(word));
    for (const [body, text] of rows) body.hidden = !holds(text);
    for (const [details, text] of exercises) if (words.length && holds(text)) details.open = true;
    const left = rows.filter(([body]) => !body.hidden).length;
    document.querySelector("#found").textContent = words.length ? `${left} of ${rows.length} days` : "";
  });
}
