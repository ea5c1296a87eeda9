"""Pipelines and their stages: data of the portal file, changed by its admins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.hubspot.schema import Property


class Pipelines:
    """The pipelines of all objects, in wire form, by object and id."""

    def __init__(self, definitions: Mapping[str, list[dict[str, Any]]]) -> None:
        self.by_object = {name: {each["id"]: each for each in pipelines} for name, pipelines in definitions.items()}

    def of(self, object_name: str) -> dict[str, dict[str, Any]]:
        return self.by_object.get(object_name, {})

    def stage(self, object_name: str, pipeline_id: str, stage_id: str) -> dict[str, Any] | None:
        stages = self.of(object_name).get(pipeline_id, {}).get("stages", ())
        return next((stage for stage in stages if stage["id"] == stage_id), None)

    def pipeline_of_stage(self, object_name: str, stage_id: str) -> str | None:
        return next((key for key in self.of(object_name) if self.stage(object_name, key, stage_id)), None)

    def option_values(self, object_name: str, known: Property, record: Mapping[str, str]) -> list[str] | None:
        """What a pipeline or stage property may hold; None when this is no such property."""
        pipelines = self.of(object_name)
        if known.format == "pipeline":
            return list(pipelines)
        if known.format != "stage":
            return None
        chosen = record.get("pipeline")
        inside = [pipelines[chosen]] if chosen in pipelines else pipelines.values()
        return [stage["id"] for pipeline in inside for stage in pipeline["stages"]]

    def stage_fact(self, object_name: str, row: Mapping[str, Any], what: str) -> str | None:
        """A fact of the record's stage: `isClosed`, `isWon` or `probability`."""
        stage = self.stage(object_name, row.get("pipeline", ""), row.get("dealstage", ""))
        if stage is None:
            return None
        metadata = stage["metadata"]
        if what == "isWon":
            return "true" if metadata["isClosed"] == "true" and metadata["probability"] == "1.0" else "false"
        return str(metadata[what])


def built(definitions: Mapping[str, list[dict[str, Any]]], *, at: str) -> dict[str, list[dict[str, Any]]]:
    """Pipelines in wire form, from a portal file's short form (what is complete already stays as it is)."""
    return {name: [_pipeline(each, at) for each in pipelines] for name, pipelines in definitions.items()}


def _pipeline(given: Mapping[str, Any], at: str) -> dict[str, Any]:
    stages = [_stage(each, number, at) for number, each in enumerate(given["stages"])]
    return {"archived": False, "createdAt": at, "updatedAt": at, **given, "stages": stages}


def _stage(given: Mapping[str, Any], number: int, at: str) -> dict[str, Any]:
    if "metadata" in given:
        return dict(given)
    closed = given.get("closed", False)
    return {
        "id": given["id"],
        "label": given["label"],
        "displayOrder": given.get("displayOrder", number),
        "metadata": {"isClosed": "true" if closed else "false", "probability": given["probability"]},
        "createdAt": at,
        "updatedAt": at,
        "archived": False,
        "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
    }
