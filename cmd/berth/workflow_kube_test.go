package main

import (
	"regexp"
	"testing"

	"github.com/berth-project/berth/work/kube"
)

// The engines of a deployment are given flags that there are.
func TestFlagsOfADeployment(t *testing.T) {
	t.Parallel()
	text, err := kube.Manifests(kube.ManifestOptions{Deployment: &kube.Deployment{Image: "berth:1"}})
	if err != nil {
		t.Fatal(err)
	}
	serve := (&cli{}).workflowServeCommand()
	given := regexp.MustCompile(`- (--[a-z-]+=.*)\n`).FindAllStringSubmatch(text, -1)
	if len(given) < 5 {
		t.Fatalf("engines are given the flags %q", given)
	}
	for _, flag := range given {
		if err := serve.ParseFlags([]string{flag[1]}); err != nil {
			t.Errorf("%s: %v", flag[1], err)
		}
	}
}
