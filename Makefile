# Every target says what it does: `make help`.
GO ?= go
GOLANGCI = $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: help build up test race test-kubernetes lint generate verify fuzz bench image

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "%-16s %s\n", $$1, $$2}'

build: ## build ./berth, one static binary
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o berth ./cmd/berth

up: ## run the example app behind the gateway
	$(GO) run ./cmd/berth up examples/ledger

test: ## run the tests
	$(GO) test ./...

race: ## run the tests under the race detector
	$(GO) test -race ./...

KUBERNETES ?= $(HOME)/.cache/berth/kubernetes
test-kubernetes: ## test work/kube on a real API server, which is built first (minutes)
	$(GO) -C work/kube/testdata/apiserver build -o $(KUBERNETES)/etcd go.etcd.io/etcd/server/v3
	$(GO) -C work/kube/testdata/apiserver build -o $(KUBERNETES)/ k8s.io/kubernetes/cmd/kube-apiserver
	KUBEBUILDER_ASSETS=$(KUBERNETES) $(GO) test -count=1 -tags apiserver -run RealAPIServer -v ./work/kube

lint: ## vet and lint
	$(GO) vet ./...
	$(GOLANGCI) run

generate: ## rewrite the generated references under docs/
	$(GO) test . ./manifest ./cmd/berth ./bench/fairness ./work/api -run 'Reference' -update

verify: ## what CI runs
	.ci/run

fuzz: ## run each fuzz target for 30 s
	.ci/fuzz 30s

bench: ## Go benchmarks of the hot paths
	$(GO) test -run '^$$' -bench . -benchmem ./access ./session ./login ./gateway/... ./work/queue ./iam ./iam/catalog ./iam/account ./iam/diff

image: ## build the container image
	docker build -t berth .
