"""Deep neural networks on MindSpore, trained by a hand-written backward pass and judged against others.

Importing the package loads no MindSpore; the names below do, on first use. They stand in ``__init__.pyi``.
"""

import lazy_loader

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
