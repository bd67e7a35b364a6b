"""Checks what SAM makes of template.yaml, with SAM's own translator.

The stack must stay under MOST_RESOURCES of CloudFormation's 500, every function
must have its log group, its build method and an alarm of its family, none may have a
permission by wildcard, and no alarm more metrics than CloudWatch takes. Prints each fault on a line, and a summary.
"""

import re
import sys

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

MOST_RESOURCES = 350
MOST_METRICS = 10  # of an alarm on metric math: CloudWatch refuses more
FUNCTION = re.compile(r"([A-Z][a-z0-9]*)((?:[A-Z][a-z0-9]*)+)Function")


class NoManagedPolicies:
    """The template names no managed policy, so none has to be looked up."""

    def load(self):
        return {}


def expanded(path):
    with open(path, encoding="utf-8") as file:
        template = yaml_parse(file.read())
    template["Globals"]["Function"]["CodeUri"] = "s3://bucket/key"  # the translator takes no local folder
    return transform(template, {}, NoManagedPolicies())["Resources"]


def references(node):
    """Logical ids that a node names by Ref."""
    if isinstance(node, dict):
        if set(node) == {"Ref"}:
            yield node["Ref"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def of_type(resources, kind):
    return {name: resource for name, resource in resources.items() if resource["Type"] == kind}


def function_faults(resources):
    for name, function in of_type(resources, "AWS::Lambda::Function").items():
        match = FUNCTION.fullmatch(name)
        if not match:
            yield f"{name}: isn't <Family><Operation>Function"
            continue
        if function.get("Metadata", {}).get("BuildMethod") != "makefile":
            yield f"{name}: isn't built by the Makefile"
        group = function["Properties"]["LoggingConfig"].get("LogGroup", {}).get("Ref")
        if group != name.removesuffix("Function") + "LogGroup" or group not in resources:
            yield f"{name}: has no log group of its own"
        elif "RetentionInDays" not in resources[group]["Properties"]:
            yield f"{group}: has no retention"
        alarms = [alarm for alarm in of_type(resources, "AWS::CloudWatch::Alarm") if re.fullmatch(match.group(1) + r"\w*ErrorsAlarm", alarm)]
        if not any(name in references(resources[alarm]) for alarm in alarms):
            yield f"{name}: isn't in an alarm of its family, {match.group(1)}…ErrorsAlarm"
        if function["Properties"]["MemorySize"] < 512:
            yield f"{name}: has less than 512 MB"


def alarm_faults(resources):
    for name, alarm in of_type(resources, "AWS::CloudWatch::Alarm").items():
        metrics = [query for query in alarm["Properties"].get("Metrics", []) if "MetricStat" in query]
        if len(metrics) > MOST_METRICS:
            yield f"{name}: has {len(metrics)} metrics, and {MOST_METRICS} are the most"


def policy_faults(resources):
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        for policy in role["Properties"].get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                for action in actions:
                    if "*" in action:
                        yield f"{name}: may do {action}"
                if statement["Resource"] == "*":
                    yield f"{name}: may do {actions} to everything"


def main():
    resources = expanded("template.yaml")
    faults = [*function_faults(resources), *alarm_faults(resources), *policy_faults(resources)]
    if len(resources) >= MOST_RESOURCES:
        faults.append(f"the stack has {len(resources)} resources, and {MOST_RESOURCES} are too many")
    for fault in faults:
        print(f"template.yaml: {fault}", file=sys.stderr)
    functions = len(of_type(resources, "AWS::Lambda::Function"))
    print(f"template.yaml: {functions} functions, {len(resources)} of at most {MOST_RESOURCES - 1} resources")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
