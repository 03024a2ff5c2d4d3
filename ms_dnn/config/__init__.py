"""An experiment as a YAML file: its schema, and reading it with errors that name the line and the cure."""

from ms_dnn.config.data_section import DataConfig
from ms_dnn.config.loading import dump_config, load_config, parse_config
from ms_dnn.config.network_section import LayerConfig, NetworkConfig
from ms_dnn.config.optimization import (
    AdamConfig,
    CosineDecay,
    ExponentialDecay,
    GradientDescentConfig,
    InverseDecay,
    LearningRate,
    MomentumConfig,
    NaturalExponentialDecay,
    NesterovConfig,
    Optimizer,
    PiecewiseConstant,
    PolynomialDecay,
    Schedule,
)
from ms_dnn.config.schema import ExperimentConfig
from ms_dnn.config.training_section import EarlyStoppingConfig, PenaltyConfig, ReportsConfig, TrainingConfig

__all__ = [
    "AdamConfig",
    "CosineDecay",
    "DataConfig",
    "EarlyStoppingConfig",
    "ExperimentConfig",
    "ExponentialDecay",
    "GradientDescentConfig",
    "InverseDecay",
    "LayerConfig",
    "LearningRate",
    "MomentumConfig",
    "NaturalExponentialDecay",
    "NesterovConfig",
    "NetworkConfig",
    "Optimizer",
    "PenaltyConfig",
    "PiecewiseConstant",
    "PolynomialDecay",
    "ReportsConfig",
    "Schedule",
    "TrainingConfig",
    "dump_config",
    "load_config",
    "parse_config",
]
