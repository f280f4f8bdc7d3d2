# Every job is one line in tools/__main__.py; without make: python -m tools JOB
PYTHON ?= $(firstword $(shell for p in python3 python3.13 python3.12 python3.11 python; do command -v $$p 2>/dev/null; done; true))
JOBS = help lab play test lint fmt notebooks check fidelity fuzz killtest lines bench lock clean

.PHONY: $(JOBS)
.DEFAULT_GOAL = help

$(JOBS):
	@$(or $(PYTHON),$(error k8slearn needs Python 3.11 or newer: none found on the path)) -m tools $@ $(ARGS)
