# Doorstep. `make` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

## -- everyday ---------------------------------------------------------------

help: ## list the targets
	@awk -F':.*## ' '/^[a-z][a-z-]*:.*## /{printf "  %-18s %s\n",$$1,$$2}' $(MAKEFILE_LIST)

## -- run locally (local/) -----------------------------------------------------

# The runner is built first and then takes make's place, so that a signal meant for it reaches it. It is built as the functions are: what they share is
# compiled once.
RUNNER := .local/bin/local
BUILD_RUNNER := CGO_ENABLED=0 go build -trimpath -tags lambda.norpc -o $(RUNNER) ./local

run: ## run everything on this machine: PORT= INBOX_PORT= SETTINGS=<file or profile> DYNAMODB_ENDPOINT=
	@$(BUILD_RUNNER) && exec $(RUNNER) run

invoke: ## run one function on its event: FN=signups/create EVENT=<file>
	@test -n "$(FN)" || { echo "which function? make invoke FN=signups/create" >&2; exit 2; }
	@$(BUILD_RUNNER) && exec $(RUNNER) invoke $(FN) $(EVENT)

# Neither the command line nor the shell's history has the password: it is asked for, or taken from the environment.
operator: ## make the first super-user of the sso family, once: NAME= (PASSWORD= in the environment; else asked for, or made up)
	@test -n "$(NAME)" || { echo "which name? make operator NAME=<username>" >&2; exit 2; }
	@$(BUILD_RUNNER)
	@if [ -z "$$PASSWORD" ] && [ -t 0 ]; then read -rsp "password (empty: one is made up): " PASSWORD; echo; fi; \
		PASSWORD="$$PASSWORD" exec $(RUNNER) operator "$(NAME)"

clean: ## forget the local data, secrets and programs
	rm -rf .local

.PHONY: run invoke operator clean

## -- test and verify ------------------------------------------------------------

GOTESTSUM := go run gotest.tools/gotestsum@v1.13.0
STATICCHECK := go run honnef.co/go/tools/cmd/staticcheck@v0.8.2

AS_ROOT := $(if $(filter 0,$(shell id -u)),,sudo)
GO_FOLDERS := docs functions local shared
TEST_PACKAGES := $(patsubst %/package.json,%/node_modules/.package-lock.json,$(filter-out local/package.json,$(wildcard local/*/package.json)))

%/node_modules/.package-lock.json: %/package-lock.json
	@echo "installing the test packages of $* (once)"
	@npm ci --prefix $* --no-audit --no-fund --loglevel=error && touch $@

setup: $(TEST_PACKAGES) ## install what the tests need, once: npm packages and Chromium
	@$(BUILD_RUNNER) && $(RUNNER) install
	@command -v chromium >/dev/null || test -n "$$CHROMIUM" || { echo "installing Chromium (once)" && \
		$(AS_ROOT) apt-get update -qq && $(AS_ROOT) env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; }

test: setup verify ## check everything that needs no account, Docker or Python
	$(GOTESTSUM) --format pkgname-and-test-fails -- -timeout 15m $(TESTFLAGS) ./...

# The targets are found, not listed here; a failing input is kept in its package's testdata.
FUZZTIME := 60s

fuzz: ## run every fuzz target, as many at once as there are processors: FUZZTIME=60s FUZZ=<pattern> FUZZ_SKIP=<pattern>
	@go run ./local/fuzz -time $(FUZZTIME) $(if $(FUZZ),-run '$(FUZZ)') $(if $(FUZZ_SKIP),-skip '$(FUZZ_SKIP)')

PAIRS := 10000
BENCH := .local/bin/bench

bench-enumeration: ## with enumeration protection, do known and unknown addresses take the same time? about five minutes: PAIRS=10000
	@go build -o $(BENCH) ./local/bench && exec $(BENCH) -pairs $(PAIRS)

verify: ## formatting, vet, staticcheck, generated documents
	@test -z "$$(gofmt -l $(GO_FOLDERS))" || { echo "not formatted:"; gofmt -l $(GO_FOLDERS); exit 1; }
	go vet ./...
	$(STATICCHECK) ./...
	go run ./docs/generate -check

generate: ## write the generated documents
	go run ./docs/generate

# A venv for each: SAM's tools pin other versions. What two published clients ask for beside them isn't needed, or can't be had.
.venv/norman/done .venv/zato/done: PIP_OPTIONS := --no-deps

.venv/%/done: local/%/requirements.txt
	@echo "installing what local/$* needs of Python into .venv/$* (once)"
	@python3 -m venv .venv/$*
	@.venv/$*/bin/pip install --quiet --disable-pip-version-check $(PIP_OPTIONS) --requirement $<
	@touch $@

.PRECIOUS: .venv/%/done

python-check: .venv/backend/done ## verify session tokens with PyJWT; needs Python 3 with venv
	@$(BUILD_RUNNER) && $(RUNNER) install
	PYTHON=$(CURDIR)/.venv/backend/bin/python go test -count=1 -run InPython ./local/backend

norman-check: .venv/norman/done ## drive the accounts family with Norman's published Python client; needs Python 3 with venv
	@$(BUILD_RUNNER) && $(RUNNER) install
	PYTHON=$(CURDIR)/.venv/norman/bin/python go test -count=1 ./local/norman

zato-check: .venv/zato/done ## drive the sso family with Zato's published Python client; needs Python 3 with venv
	@$(BUILD_RUNNER) && $(RUNNER) install
	PYTHON=$(CURDIR)/.venv/zato/bin/python go test -count=1 ./local/zato

openapi-check: .venv/openapi/done ## hold docs/openapi.json against the running system, with schemathesis (OPTIONS=)
	@go build -o .local/bin/openapi ./local/openapi && exec .local/bin/openapi $(OPTIONS)

disposable-domains: ## refresh the list of throwaway mail domains, to be read before it is committed (VERSION=)
	cd shared/disposable && go run ./internal/refresh -version "$(VERSION)"

.PHONY: setup test fuzz bench-enumeration verify generate python-check norman-check zato-check openapi-check disposable-domains

## -- SAM (template.yaml) ----------------------------------------------------------

SAM_TOOLS := .venv/sam-tools.done
# SAM asks AWS who it is unless it is told not to, and waits for the answer.
SAM_OFFLINE := env AWS_DEFAULT_REGION=eu-central-1 AWS_ENDPOINT_URL_STS=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=1 \
	AWS_EC2_METADATA_DISABLED=true SAM_CLI_TELEMETRY=0

$(SAM_TOOLS): local/sam/requirements.txt
	@echo "installing the SAM CLI and cfn-lint into .venv (once)"
	@python3 -m venv .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

sam-check: $(SAM_TOOLS) ## check the template: sam validate, cfn-lint, stack size, sam build
	$(SAM_OFFLINE) .venv/bin/sam validate --lint
	.venv/bin/cfn-lint template.yaml
	$(SAM_OFFLINE) .venv/bin/python local/sam/check_stack.py
	$(SAM_OFFLINE) .venv/bin/sam build

# As with RUNNER, the program takes make's place.
SAM_RUNNER := .local/bin/sam-local

sam-local: $(SAM_TOOLS) ## prove it with SAM's own tools in Docker: every event, a whole sign-up
	@go build -o $(SAM_RUNNER) ./local/sam && exec $(SAM_RUNNER) prove

sam-up: $(SAM_TOOLS) ## run what `sam local` needs (Docker, DynamoDB, SES, the mails' stream), for sam by hand
	@go build -o $(SAM_RUNNER) ./local/sam && exec $(SAM_RUNNER) up

# sam build calls `build-<logical id>` for each function and names ARTIFACTS_DIR: SignupsAttemptVerificationFunction is
# functions/signups/attempt-verification. The build folder's name tells the processor (see samconfig.toml); elsewhere
# it is the template's default.
function_of = $(shell echo '$(1:Function=)' | sed -E 's/([a-z0-9])([A-Z])/\1-\2/g; s,-,/,' | tr 'A-Z' 'a-z')
architecture_of = $(if $(findstring /.aws-sam/x86_64/,$(1)),amd64,arm64)

build-%:
	CGO_ENABLED=0 GOOS=linux GOARCH=$(call architecture_of,$(ARTIFACTS_DIR)) go build -buildvcs=false -trimpath \
		-tags lambda.norpc -ldflags "-s -w" -o "$(ARTIFACTS_DIR)/bootstrap" ./functions/$(call function_of,$*)

.PHONY: sam-check sam-local sam-up

.PHONY: help
