"""The autoregressive way with a delay pattern, trained beside ours for equal time: which measures better?"""
