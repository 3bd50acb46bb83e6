"""MLflow: looks as metrics of a run, waterfalls as its artifacts, alarms as a tag."""

from collections.abc import Sequence

from sde_core.training.monitoring.look import Look
from sde_core.training.monitoring.sinks.content import PREFIX, Waterfalls, needs, scalars_of
from sde_core.training.monitoring.verdicts import Alarm

_MOST_LETTERS = 4_000  # of a tag; MLflow takes 8,000


class MLflowSink:
    """Logs looks at their steps.

    Args:
        run_id: of the trainer's run; None starts a run of its own, and ends it with the monitor.
        tracking_uri: of the store; None is MLflow's own setting.

    Raises:
        ConfigError: mlflow is not installed.
    """

    def __init__(self, run_id: str | None = None, *, tracking_uri: str | None = None) -> None:
        try:
            from mlflow import MlflowClient
        except ImportError:
            raise needs("mlflow-skinny", "MLflowSink") from None
        self._client, self._is_own = MlflowClient(tracking_uri), run_id is None
        self.run_id: str = run_id or self._client.create_run("0").info.run_id
        self._waterfalls = Waterfalls()
        self._alarms: list[str] = []

    def __call__(self, look: Look, alarms: Sequence[Alarm]) -> None:
        """Log a look."""
        from mlflow.entities import Metric

        at = int(1000 * look.time)
        metrics = [Metric(name, value, at, look.step) for name, value in scalars_of(look).items()]
        self._client.log_batch(self.run_id, metrics)
        for name, picture in self._waterfalls.with_look(look).items():
            self._client.log_image(self.run_id, picture, artifact_file=f"{name}.png")
        if alarms:
            self._alarms += map(str, alarms)
            self._client.set_tag(self.run_id, f"{PREFIX}alarms", "\n".join(self._alarms)[-_MOST_LETTERS:])

    def close(self) -> None:
        """End the run, if it is our own."""
        if self._is_own:
            self._client.set_terminated(self.run_id)
