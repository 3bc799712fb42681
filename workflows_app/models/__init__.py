"""What the database holds: workflows, processes and their steps, the engine and its workers."""

from workflows_app.models.engine import EngineSettings, Worker
from workflows_app.models.process import Process, ProcessEvent, ProcessStep
from workflows_app.models.workflow import Workflow

__all__ = ["EngineSettings", "Process", "ProcessEvent", "ProcessStep", "Worker", "Workflow"]
