"""Describe: what the API tells about objects and their fields."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from emulator.salesforce.rest.call import Answer, Call
from emulator.salesforce.rest.conditional import not_modified, nothing_new, state_headers
from emulator.salesforce.rest.rows import object_of
from emulator.salesforce.schema import TEXT_TYPES, Field, ObjectType
from emulator.salesforce.soql.run import child_relationship

_SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "int": "xsd:int",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "time": "xsd:time",
    "address": "urn:address",
    "location": "urn:location",
}
_LONG_TEXT = 255


def describe_global(call: Call) -> Answer:
    objects = [each for each in call.org.schema.objects.values() if call.org.store.object_type(each.name, call.user)]
    modified_at = max(each.modified_at for each in objects)
    if not_modified(call.headers, modified_at):
        return nothing_new(modified_at)
    shown = [_object_keys(call, each) for each in sorted(objects, key=lambda each: each.name)]
    body = {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": shown}
    return Answer(200, body, state_headers(modified_at))


def describe(call: Call, name: str) -> Answer:
    object_type = object_of(call, name)
    modified_at: datetime = object_type.modified_at
    if not_modified(call.headers, modified_at):
        return nothing_new(modified_at)
    fields = call.org.store.fields(object_type, call.user)
    body = {
        **_object_keys(call, object_type),
        "actionOverrides": [],
        "childRelationships": _children(call, object_type),
        "compactLayoutable": True,
        "fields": [_field_keys(call, object_type, field) for field in fields],
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": _record_types(call, object_type),
        "searchLayoutable": True,
        "supportedScopes": [{"label": f"All {object_type.label_plural}", "name": "everything"}],
    }
    return Answer(200, body, state_headers(modified_at))


def basic_info(call: Call, name: str) -> Answer:
    """`GET /sobjects/X`: the object's own keys; recent items are not kept."""
    return Answer(200, {"objectDescribe": _object_keys(call, object_of(call, name)), "recentItems": []})


def _object_keys(call: Call, each: ObjectType) -> dict[str, Any]:
    writable = call.user.rights.on_object(each.name) == "edit"
    base = f"/services/data/v{call.version}/sobjects/{each.name}"
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": each.createable and writable,
        "custom": each.custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": each.deletable and writable,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": each.key_prefix,
        "label": each.label,
        "labelPlural": each.label_plural,
        "layoutable": True,
        "mergeable": each.mergeable and writable,
        "mruEnabled": True,
        "name": each.name,
        "queryable": True,
        "replicateable": True,
        "retrieveable": True,
        "searchable": True,
        "triggerable": True,
        "undeletable": each.deletable and writable,
        "updateable": each.updateable and writable,
        "urls": {
            "describe": f"{base}/describe",
            "rowTemplate": f"{base}/{{ID}}",
            "sobject": base,
            "uiDetailTemplate": f"{call.org.public_url}/{{ID}}",
            "uiEditTemplate": f"{call.org.public_url}/{{ID}}/e",
            "uiNewRecord": f"{call.org.public_url}/{each.key_prefix}/e",
        },
    }


def _field_keys(call: Call, object_type: ObjectType, field: Field) -> dict[str, Any]:
    writable = (
        call.user.rights.on_field(object_type.name, field.name) == "edit"
        and call.user.rights.on_object(object_type.name) == "edit"
    )
    compound = field.type in ("address", "location")
    long_text = field.type == "textarea" and field.length > _LONG_TEXT
    reference = field.type == "reference"
    return {
        "aggregatable": not (compound or long_text or field.type in ("boolean", "multipicklist")),
        "aiPredictionField": False,
        "autoNumber": field.auto_number,
        "byteLength": field.length * 3 if field.type in TEXT_TYPES else field.length,
        "calculated": field.formula is not None,
        "calculatedFormula": field.formula,
        "cascadeDelete": field.cascade_delete,
        "caseSensitive": False,
        "compoundFieldName": field.compound,
        "controllerName": None,
        "createable": field.createable and writable,
        "custom": field.custom,
        "defaultValue": field.default,
        "defaultValueFormula": None,
        "defaultedOnCreate": field.defaulted,
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": field.precision if field.type == "int" else 0,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": field.external_id,
        "extraTypeInfo": None,
        "filterable": not (compound or long_text),
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": not (compound or long_text or field.formula is not None or field.type in ("double", "currency")),
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": field.id_lookup,
        "inlineHelpText": field.help,
        "label": field.label,
        "length": field.length,
        "mask": None,
        "maskType": None,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": len(field.reference_to) > 1,
        "nillable": field.nillable,
        "permissionable": field.nillable and field.name not in ("Id", "Name") and not field.name_field,
        "picklistValues": [
            {
                "active": value.active,
                "defaultValue": value.default,
                "label": value.label,
                "validFor": None,
                "value": value.value,
            }
            for value in field.picklist
        ],
        "polymorphicForeignKey": len(field.reference_to) > 1,
        "precision": 0 if field.type == "int" else field.precision,
        "queryByDistance": False,
        "referenceTargetField": None,
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship if reference else None,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "searchPrefilterable": reference,
        "soapType": _SOAP_TYPES.get(field.type, "xsd:string"),
        "sortable": not (compound or long_text or field.type == "multipicklist"),
        "type": field.type,
        "unique": field.unique,
        "updateable": field.updateable and writable,
        "writeRequiresMasterRead": False,
    }


def _children(call: Call, object_type: ObjectType) -> list[dict[str, Any]]:
    return [
        {
            "cascadeDelete": field.cascade_delete,
            "childSObject": child.name,
            "deprecatedAndHidden": False,
            "field": field.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": child_relationship(object_type, child, field),
            "restrictedDelete": False,
        }
        for child, field in call.org.schema.children_of(object_type.name)
        if call.org.store.object_type(child.name, call.user) and call.org.store.field(child, field.name, call.user)
    ]


def _record_types(call: Call, object_type: ObjectType) -> list[dict[str, Any]]:
    master = "012000000000000AAA"
    layout = f"/services/data/v{call.version}/sobjects/{object_type.name}/describe/layouts/{master}"
    return [
        {
            "active": True,
            "available": True,
            "defaultRecordTypeMapping": True,
            "developerName": "Master",
            "master": True,
            "name": "Master",
            "recordTypeId": master,
            "urls": {"layout": layout},
        }
    ]
