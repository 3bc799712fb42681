"""A task: is the playbook runner there?"""

import requests

from examples.l2vpn.runner import TIMEOUT, runner_url
from workflows_app import State, StepList, begin, step, task


@step("Ask the runner")
def ask_the_runner() -> State:
    answer = requests.get(f"{runner_url()}/health/", timeout=TIMEOUT)
    answer.raise_for_status()
    return {"runner": runner_url()}


@task("Check the playbook runner")
def task_check_runner() -> StepList:
    return begin >> ask_the_runner
