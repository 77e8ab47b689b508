"""What a learner opens: the course home, their workspace, and the Jupyter server that shows both."""
