from types import SimpleNamespace

from orchestrator.training.driver.trial_states import TrialStates


class FakeTrial(SimpleNamespace):
    def __str__(self) -> str:
        return str(self.name)


def test_the_newest_state_of_every_trial_is_known() -> None:
    states = TrialStates()
    states.on_step_begin(1, [FakeTrial(name="a", status="PENDING")])
    states.on_step_begin(2, [FakeTrial(name="a", status="RUNNING"), FakeTrial(name="b", status="PENDING")])
    states.on_step_begin(3, [FakeTrial(name="c", status="PENDING")])  # the next level
    assert states.states == {"a": "RUNNING", "b": "PENDING", "c": "PENDING"}
