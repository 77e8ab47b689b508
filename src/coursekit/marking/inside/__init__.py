"""What runs in the sandbox, beside a learner's code. It holds no expected value, and nothing it says is believed unread."""
