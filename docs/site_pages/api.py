"""The reference of what ``import ms_dnn`` offers, from its docstrings, which are English in both languages."""

import ms_dnn

TITLES = {"en": "Python API", "zh-CN": "Python API"}
INTRODUCTIONS = {
    "en": (
        "What `import ms_dnn` offers. Importing it loads no MindSpore; the names below do, on first use. The "
        "optimizers are those of `ms_dnn.training.optimizers`. {doc}`/architecture` says where all else is. "
        "The examples begin with `import mindspore as ms`, `import numpy as np` and `import ms_dnn`, those of the "
        "optimizers with `from ms_dnn.training.optimizers import *` too."
    ),
    "zh-CN": (
        "`import ms_dnn` 提供的全部公开名称。导入 ms_dnn 本身不加载 MindSpore，首次使用下列名称时才加载。优化器位于 "
        "`ms_dnn.training.optimizers`。文档字符串为英文。其余内容见{doc}`/architecture`。"
        "运行示例前，先执行 `import mindspore as ms`、`import numpy as np` 和 `import ms_dnn`；优化器的示例还需要 "
        "`from ms_dnn.training.optimizers import *`。"
    ),
}
GROUPS = (
    ("Train", "训练", ("train", "load_run", "Run", "load_config", "use_device", "HandwrittenTrainOneStep")),
    (
        "Judge gradients",
        "检验梯度",
        (
            "check_gradients",
            "assert_gradients",
            "JudgeGradients",
            "HandwrittenGradient",
            "FrameworkGradient",
            "with_handwritten_bprop",
        ),
    ),
    (
        "Networks and layers",
        "网络与层",
        ("build_dnn", "DNN", "Dense", "Layer", "Perceptron", "LogisticRegression", "ShallowNetwork"),
    ),
    ("Losses", "损失函数", ("Cost",)),
    (
        "Optimizers",
        "优化器",
        tuple(f"training.optimizers.{name}" for name in ("GradientDescent", "Momentum", "Nesterov", "Adam")),
    ),
    ("Estimators", "估计器", ("DNNClassifier", "DNNRegressor")),
)


def api_page(language: str) -> str:
    """Return the page in Markdown.

    Raises:
        ValueError: when a public name is in no group.
    """
    missing = {name for name in ms_dnn.__all__ if not name.startswith("__")}
    missing -= {name for *_, names in GROUPS for name in names}
    if missing:
        raise ValueError(f"public names without a group in docs/site_pages/api.py: {', '.join(sorted(missing))}")
    groups = "\n".join(_group(chinese if language == "zh-CN" else english, names) for english, chinese, names in GROUPS)
    return f"# {TITLES[language]}\n\n{INTRODUCTIONS[language]}\n\n{groups}"


def _group(title: str, names: tuple[str, ...]) -> str:
    table = "\n".join(f"   ms_dnn.{name}" for name in names)
    entries = "\n".join(f".. {_directive(name)}:: ms_dnn.{name}\n" for name in names)
    return f"## {title}\n\n```{{eval-rst}}\n.. autosummary::\n   :nosignatures:\n\n{table}\n\n{entries}```\n"


def _directive(name: str) -> str:
    """Return the directive of autodoc: a class begins with a capital."""
    return "autoclass" if name.rpartition(".")[2][0].isupper() else "autofunction"
