"""Research: what is learned from history, out of fold, and how it is kept.

In: features, labels and votes of the past. Out: fitted values that the core reads (calibrations,
edge maps, linear engines) and model files that say what they were made of. Fits are made by
libraries (the extra ``research``); what a decision reads of them is evaluated by kernels.
"""
