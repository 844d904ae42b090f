"""OpenVINO's core: one for the whole process, for ever.

Its CPU plugin gives the thread that first uses it a stack for signal handlers, and takes that away
when the last owner of the plugin goes. Of two cores that end in another order than they began, the
second brings back the stack that went with the first: the next Ctrl-C is a segmentation fault.
"""

from functools import cache

import openvino


@cache
def openvino_core() -> openvino.Core:
    """The only core; settings belong to what is compiled, not to it."""
    return openvino.Core()
