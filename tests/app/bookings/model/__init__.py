"""A plain-Python office that obeys RULES.md, and the machine that plays it beside the product.

To add a feature: a mixin in a module of its own with the plain rule on the office's rows, another with the
hypothesis rules that call product and plain office through `Machine.both`, and both in the classes of `test_model`.
"""
