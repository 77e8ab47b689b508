# ---
# title: "Revision: what you can do now"
# objectives:
#   - recall, with your notes shut, one idea and one exercise of every day
#   - say how sure you are before you look, and measure whether your confidence can be trusted
#   - explain why looking again after a gap serves you better than reading your notes twice
#   - choose what to revise from what you got wrong, and from how long ago it was
# prerequisites: [01_intro_and_ffns, 02_pytorch_1, 03_pytorch_2, 04_ml_recap, 05_cnns_1, 06_cnns_2, 07_vaes, 09_diffusion, 10_rnns, 11_nlp, 12_transformers, 13_deep_rl]
# minutes: {cpu: 1}
# ---

# %%
from datetime import UTC, datetime, timedelta

import matplotlib.pyplot as plt

from dlmodule import plot
from dlmodule.revision.memory import memories
from dlmodule.revision.notebook import Revision

revision = Revision("15_revision.morning")
plot.use_style()

# %% [markdown]
# ## The question: what can you do now?
#
# Three weeks ago a seismic section was a picture. Since then you have built networks that read one, draw one and doubt one. This afternoon you will repair a training script, complete an architecture, train it and predict. Which of the last fourteen days do you still have at hand? And how would *you* know?
#
# **The simplest thing that could work** is to read the notebooks again. Its failure is easy to miss: each line looks familiar, and familiar feels like known. You notice the difference in front of an empty cell.
#
# **The idea in one sentence:** ask yourself first, look afterwards. This is called **retrieval practice**. Yang and others (2021) put together 222 studies in classrooms: quizzes raised achievement by half a standard deviation. Feedback made the effect larger, so every question below comes with its reason.
#
# Two more findings shape this notebook.
#
# - **Spacing.** Latimier, Peyre and Ramus (2021) compared practice that is spread over days with practice in one sitting. Spread practice won by 0.74 standard deviations. Whether the gaps grew or stayed equal made no difference that could be measured.
# - **Interleaving.** Rohrer, Dedrick and Burgess (2014) mixed the kinds of problem in school mathematics. Two weeks later, pupils solved 72 % of them instead of 38 %. A mixed sheet makes you choose the method, and so does an exam.
#
# One caution. Pan and Rickard (2018) asked whether practice helps with *other* questions than those that were practised. On average it does, by 0.40 standard deviations, but corrections for publication bias shrink that figure. So look for the idea behind a question, not for its wording.
#
# ### Letters of this notebook
#
# | letter | meaning |
# |---|---|
# | $d$ | days since you first had it right |
# | $g$ | the gap: days between the first look and the second |
# | $s_i$ | how sure you were of answer $i$, between 0 and 1 |
# | $r_i$ | whether answer $i$ was right: 0 or 1 |
# | $N$ | number of questions that you answered |

# %% [markdown]
# ## When will you have forgotten it?
#
# The order below comes from a model of forgetting, FSRS. It stands in the tradition of Ye, Su and Cao (2022), who fitted such a model to 220 million answers of people who learn words. For each exercise it keeps two numbers: how hard you find it, and how long it lasts. From these it computes the chance that you still know it after $d$ days.
#
# **Predict.** You have an exercise right on day 0 and look at it once more, right again. The second look is on day 1, or on day 7. With which are you more likely to know it on day 30? By how many per cent?


# %%
def chance(looks: list[int], d: int) -> float:
    """The model's chance of a right answer on day d, after right answers on the days of ``looks``."""
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)
    record = [
        {"exercise": "any", "status": "right", "at": (start + timedelta(days=look)).isoformat()}
        for look in looks
        if look <= d
    ]
    return memories(record, at=start + timedelta(days=d))["any"].recall


for looks in ([0], [0, 1], [0, 7]):
    print(f"right on days {looks}: {chance(looks, 30):.0%} on day 30")


# %%
def forgetting(gap: int) -> None:
    """The chance over two months, with a second look after ``gap`` days."""
    days = list(range(61))
    fig, ax = plt.subplots(figsize=(5.6, 3.2))
    ax.plot(days, [chance([0], d) for d in days], color="0.6", label="one look")
    ax.plot(days, [chance([0, gap], d) for d in days], label=f"a second look on day {gap}")
    ax.axvline(30, color="0.7", linewidth=1, linestyle=":")
    ax.set(xlabel="day d", ylabel="chance to know it", ylim=(0.5, 1.02))
    ax.legend()
    plot.alt(fig, f"With a second look after {gap} days the chance on day 30 is {chance([0, gap], 30):.0%}, without one {chance([0], 30):.0%}.")  # fmt: skip


plot.slider(forgetting, gap=[1, 2, 4, 7, 14, 21, 28], start=7, still=[1, 7, 21])

# %% [markdown]
# The second look on day 7 is worth more: 90 % against 78 %. It comes when you have begun to forget, and what costs you some effort lasts longer.
#
# **What this does not say.** The model knows flash cards of words, not exercises in PyTorch. Its *order* is a reasonable guess; its percentages are not yours. And the exam is today, so spacing cannot help before it. What can still help is to find the gaps, and to know how far you may trust yourself.

# %% [markdown]
# ## Where to begin
#
# Here is your order. It is worked out from the checks you have run since {day: 01_intro_and_ffns}, and from your answers below:
#
# 1. first what was wrong in the end, or right long ago;
# 2. then what you have not tried, one item of each day;
# 3. last what is fresh.
#
# Neighbours belong to different days wherever that is possible. Run the cell again after a few answers. On a new computer it knows nothing of you: import your progress at the foot of the course's home.
#
# {revise: agenda}

# %% [markdown]
# ## How to use a question
#
# 1. Shut your notes. Write the answer on paper, in a sentence.
# 2. Fill in `sure`: how likely it is, from 0 to 1, that you are right.
# 3. Now look at the answer, or run the cell that shows it.
# 4. Fill in `right` with `True` or `False`, and run the cell. Right means right *with its reason*.
#
# An exercise begins from an empty function and is judged by the check of its own day. Give it the minutes that stand beside it, no more, and go on.

# %% [markdown]
# ## {Day: 01_intro_and_ffns}: what a network computes
#
# A layer is a matrix product and a function with a bend. A loss says how wrong the answer is.
#
# {revise: 01_intro_and_ffns, exercise: mse, questions: [morning.3], predictions: [morning.1]}

# %% [markdown]
# ## {Day: 02_pytorch_1}: tensors and gradients
#
# Shapes decide what an operation means, and autograd adds up what it finds.
#
# {revise: 02_pytorch_1, exercise: sequence_mask, questions: [morning.1], predictions: [morning.8]}

# %% [markdown]
# ## {Day: 03_pytorch_2}: a training that you can trust
#
# The five lines of a training loop, each in its place.
#
# {revise: 03_pytorch_2, exercise: train_step, questions: [morning.3]}

# %% [markdown]
# ## {Day: 04_ml_recap}: what learning minimises
#
# The data that you judge by must be new in the way in which the future will be new.
#
# {revise: 04_ml_recap, exercise: dropout, questions: [afternoon.2], predictions: [morning.8]}

# %% [markdown]
# ## {Day: 05_cnns_1}: one kernel for every place
#
# A convolution uses the same few weights everywhere, so it finds its pattern wherever it stands.
#
# {revise: 05_cnns_1, exercise: cross_correlate, questions: [morning.2], predictions: [morning.9]}

# %% [markdown]
# ## {Day: 06_cnns_2}: deeper, and for every pixel
#
# Shortcuts let the gradient pass; borrowed weights replace labels that you do not have. When nothing is marked and nothing is there, two sets agree: their intersection over union is 1 by convention.
#
# {revise: 06_cnns_2, exercise: iou, questions: [morning.4]}

# %% [markdown]
# ## {Day: 06_cnns_2}: probability
#
# Most losses of this course are the negative logarithm of a likelihood.
#
# {revise: 06_cnns_2, exercise: mle_gaussian, questions: [probability.1]}

# %% [markdown]
# ## {Day: 07_vaes}: compress, generate, doubt
#
# An autoencoder that has to say how sure it is becomes a generator.
#
# {revise: 07_vaes, exercise: reparameterise, questions: [morning.2]}

# %% [markdown]
# ## {Day: 08_gans}: two networks at play
#
# One draws, one judges, and each is the other's loss.
#
# {revise: 08_gans}

# %% [markdown]
# ## {Day: 09_diffusion}: from noise to data
#
# Learn to take a little noise away, and do it many times.
#
# {revise: 09_diffusion, exercise: q_sample, questions: [morning.2]}

# %% [markdown]
# ## {Day: 10_rnns}: networks with a memory
#
# The same weights at every step, and a state that carries what came before: $h_t=\tanh(W_x x_t+W_h h_{t-1}+b)$.
#
# {revise: 10_rnns, exercise: rnn_cell, questions: [morning.2]}

# %% [markdown]
# ## {Day: 11_nlp}: words as numbers
#
# Perplexity is the exponential of the mean surprise about a token: as many equally likely choices would surprise you as much.
#
# {revise: 11_nlp, exercise: perplexity, questions: [morning.2]}

# %% [markdown]
# ## {Day: 12_transformers}: attention
#
# Each position asks all the others, and takes a weighted mean of what they answer.
#
# {revise: 12_transformers, exercise: causal_mask, questions: [morning.2]}

# %% [markdown]
# ## {Day: 13_deep_rl}: decisions in a row
#
# A reward that comes later counts less, by a factor of $\gamma$ for each step.
#
# {revise: 13_deep_rl, exercise: discounted_return, questions: [morning.1]}

# %% [markdown]
# ## {Day: 14_state_of_the_art}: where the field stands
#
# Much of the state of the art is an old idea made cheap enough to use.
#
# {revise: 14_state_of_the_art}

# %% [markdown]
# ## Mark it yourself: a written answer
#
# Part of this afternoon is words. An answer is marked by **bands**: each names one thing that a good answer says, with its marks. Here is a question of that form, on {day: 10_rnns}.
#
# > You cut a monthly record into windows of 12 months, each one month after the last. You keep a fifth of the windows, drawn at random, as the test set. The test error is excellent. What is wrong, by how much, and what would you do? (6 marks)
#
# | band | marks |
# |---|---|
# | what is wrong, with its reason | 2 |
# | the direction of the error, and a size that is worked out | 2 |
# | a procedure that gives an honest figure | 2 |
#
# - **A.** "One must not shuffle a time series. A better split should be used."
# - **B.** "Neighbouring windows share most of their months, so a test window has near copies in the training set. The error is too low. Split by date."
# - **C.** "Two neighbouring windows share 11 of their 12 months. A neighbour is in the training set with probability 0.8, so at least one of the two is in $1-0.2^2=96\,\%$ of the cases. The test error mostly measures memory and is too low. Split by date, leave a gap of a window between both sets, and give the seasonal naive beside it."
#
# **Predict.** How many marks does each answer get? Write three numbers, then unfold the marking.
#
# <details><summary>The marking</summary>
#
# - **A: 1.** A rule without its reason is half of the first band. It says neither direction nor size, and "better" is no procedure.
# - **B: 4.** The reason is complete (2). The direction is right, a size is missing (1). Splitting by date is right, but the windows at the border still overlap (1).
# - **C: 6.** Each band in full: the reason in numbers, a size from the split itself, a gap, and a baseline to judge by.
#
# </details>
#
# From A to C the answer did not become cleverer. It gives a reason, a number and a procedure. Look for these three in the question, and write one sentence on each.

# %% [markdown]
# ## A mock of coursework 2, marked
#
# Here is the small sister of this afternoon's coursework: three functions to repair and two blocks to complete. It has 41 marks and takes three quarters of an hour. It is for the evening before, or for those who have time. A task has as many marks as it should take you minutes. The program that marks the coursework marks this section too, and shows you what it finds.
#
# Try it with your notes and *without* the checks, as far as you dare. A check names your mistake at once; in the coursework it does not.
#
# A colleague left the three functions. They run without an error, and the network learns badly. **The texts are right; the code is not.** There are five bugs. Copy each function into the cell below its text, and repair it there. The first one has one bug.
#
# ```python
# def standardise(train, validation):
#     centre, scale = train.mean(dim=0), train.std(dim=0, correction=0)
#     scale = torch.where(scale > 0, scale, torch.ones_like(scale))
#     return (train - centre) / scale, (validation - validation.mean(dim=0)) / scale
# ```
#
# {revise: 04_ml_recap, exercise: standardise, questions: [], further: true}

# %% [markdown]
# The second one has two bugs.
#
# ```python
# @torch.no_grad()
# def evaluate(model, x, y, loss_fn=F.cross_entropy, *, batch_size=1024):
#     model.eval()
#     losses, classes = [], []
#     for first in range(0, len(x), batch_size):
#         rows = slice(first, first + batch_size)
#         scores = model(x[rows])
#         losses.append(loss_fn(scores, y[rows]).item())
#         classes.append(scores.argmax(1))
#     found = torch.cat(classes)
#     shares = [(found[y == k] == k).double().mean().item() for k in y.unique().tolist()]
#     return sum(losses) / len(losses), sum(shares) / len(shares)
# ```
#
# {revise: 03_pytorch_2, exercise: evaluate, questions: [], further: true}

# %% [markdown]
# The third one has two bugs.
#
# ```python
# def early_stopping(val_loss, patience, min_delta=0.0):
#     lowest, where = math.inf, 0
#     for number, value in enumerate(val_loss):
#         if value < lowest:
#             lowest, where = value, number
#     return where, len(val_loss) - where >= patience
# ```
#
# {revise: 03_pytorch_2, exercise: early_stopping, questions: [], further: true}

# %% [markdown]
# Now the two blocks of a network. Print the shape after each line that you did not write.
#
# {revise: 05_cnns_1, exercise: ConvBlock, questions: [], further: true}

# %% [markdown]
# The second block keeps all that it has computed, and hands it on.
#
# {revise: 06_cnns_2, exercise: DenseBlock, questions: [], further: true}

# %% [markdown]
# ### The marking
#
# Save the notebook (Ctrl-S) and give it to the team. Their marker takes a few seconds. You get a page with each task's marks, how many cases passed, and why. Three things are as in the coursework:
#
# - **Each task is found by its name** and tried with no more than it needs. A cell that fails somewhere else costs nothing.
# - **A wrong answer has a part of the marks** for the cases that pass: here half of their share.
# - **Your code runs in a sandbox**, and another process decides. What your code says of itself counts for nothing.
#
# Two things differ. The cases are those of the checks; the coursework has hidden ones. And the marking names your mistake, because here you should learn from it.
#
# Look at the *kind* of mark that you lost before you look at the number. A bug that you did not see: say for each line of the function what breaks without it. A shape: print it.

# %% [markdown]
# ## What can you do now? Answered
#
# You have $N$ answers, and for each how sure you were, $s_i$, and whether it was right, $r_i$. Two figures tell how far you may trust yourself. The first is the **reliability diagram**: where you said 80 %, were you right in 80 % of the cases? You drew it for a network on {day: 05_cnns_1}. Points below the diagonal mean that you were too sure. The second is the score of Brier (1950), a weather forecaster:
#
# $$\text{Brier score}=\frac1N\sum_{i=1}^{N}(s_i-r_i)^2.$$
#
# **A worked number.** You say 0.9 and are right, then 0.6 and are wrong: $(0.1^2+0.6^2)/2=0.185$. The trivial baseline says every time how often you are right, here 0.5, and scores $0.5\cdot(1-0.5)=0.25$. A score below that baseline means that you know *which* of your answers to check.

# %%
revision.reliability()

# %% [markdown]
# The share that you had right is the answer to the first line of this notebook, as far as this sheet can ask it. *What you can do*, on the course's home, lists the rest: every exercise that you got right, and your trainings beside ours.
#
# With few answers the diagram is noisy. Suppose that your confidence is perfect, and you say 80 % ten times. One time in eight, fewer than seven of these ten answers are right. Read the direction, not the decimals.
#
# ### Before you go in
#
# - **Never leave a task empty.** Code that passes some of the hidden cases gets a part of the marks, and a later task is marked with a right answer to the earlier one. After fifteen minutes on one task, go on.
# - **Overfit one batch first.** If the loss of eight examples does not go to zero, the model or the loop is wrong, not the data.
# - **Print shapes** before and after each layer that you did not write.
# - **Name the trivial baseline** beside every score, before you call the score good.
# - **Read the loss at the first step.** For $K$ classes it should be near $\ln K$.
# - **When you are only half sure, check.** That is what the diagram above was for.

# %% [markdown]
# ## Summary
#
# - Ask first, look afterwards; spread your looks; mix the topics.
# - What was wrong comes back tomorrow, what was right comes back later each time.
# - Confidence is a measurement like any other. Plot it against the truth.
#
# After the exam the record stays. Five minutes with the first entries of the agenda, once a week, keep most of these three weeks.

# %% [markdown]
# ## References
#
# - G. W. Brier (1950). *Verification of forecasts expressed in terms of probability.* doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.
# - A. Latimier, H. Peyre, F. Ramus (2021). *A meta-analytic review of the benefit of spacing out retrieval practice episodes on retention.* doi:10.1007/s10648-020-09572-8.
# - S. C. Pan, T. C. Rickard (2018). *Transfer of test-enhanced learning: meta-analytic review and synthesis.* doi:10.1037/bul0000151.
# - D. Rohrer, R. F. Dedrick, K. Burgess (2014). *The benefit of interleaved mathematics practice is not limited to superficially similar kinds of problems.* doi:10.3758/s13423-014-0588-3.
# - C. Yang and others (2021). *Testing (quizzing) boosts classroom learning: a systematic and meta-analytic review.* doi:10.1037/bul0000309.
# - J. Ye, J. Su, Y. Cao (2022). *A stochastic shortest path algorithm for optimizing spaced repetition scheduling.* doi:10.1145/3534678.3539081.
