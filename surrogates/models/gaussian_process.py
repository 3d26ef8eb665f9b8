"""The learner `gp`: Gaussian processes, exact or with inducing points."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from surrogates.kernels import statistics
from surrogates.models.fitting import FIT_POINTS, KernelForm, fit_hyperparameters
from surrogates.models.gp import Hyperparameters, PropertyGP
from surrogates.models.inducing import condition_sparse
from surrogates.models.learner import Learner, TrainingSet
from surrogates.registry import register_learner
from surrogates.settings import SurrogateSettings


@register_learner
class GaussianProcess(Learner):
    """Gaussian processes on fingerprints and descriptors.

    Attributes:
        settings: Settings of the surrogates; those of the Gaussian process (`surrogates.settings.OF_GP`) are among them.
    """

    name: ClassVar[str] = "gp"
    couples_tasks: ClassVar[bool] = True
    saves: ClassVar[bool] = True
    settings: SurrogateSettings = SurrogateSettings()

    @classmethod
    def of(cls, settings: SurrogateSettings) -> Self:
        """Return the learner with the settings of the surrogates."""
        return cls(settings=settings)

    def fit(self, training: TrainingSet) -> PropertyGP:
        """Fit the hyperparameters and condition on the measurements."""
        return self._conditioned(training, None)

    def restore(self, training: TrainingSet, document: Mapping[str, Any]) -> PropertyGP:
        """Condition on the measurements with known hyperparameters."""
        return self._conditioned(training, Hyperparameters.from_document(document))

    def _conditioned(self, training: TrainingSet, parameters: Hyperparameters | None) -> PropertyGP:
        settings, data, features, tasks = self.settings, training.data, training.features, training.n_tasks
        rng = training.rng(0)
        form = KernelForm(settings.radial, settings.trend, settings.residual == "peculiar")
        if len(data) <= settings.exact_points:
            if len(features) <= settings.exact_points:
                pairs = training.tables.statistics.block(data.rows)
            else:
                part = features.take(data.rows)
                pairs = statistics(part, part)
            parameters = parameters or fit_hyperparameters(pairs, data, tasks, settings.restarts, rng, form)
            return PropertyGP.condition(training.name, pairs, data, parameters)
        if parameters is None:
            kept = data.sample(FIT_POINTS, rng)
            part = features.take(kept.rows)
            parameters = fit_hyperparameters(statistics(part, part), kept, tasks, settings.restarts, rng, form)
        anchors = training.rng(1)
        return condition_sparse(training.name, features, data, parameters, settings.inducing_points, anchors)
