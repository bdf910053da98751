package process_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/process"
)

func TestSpecsThatAreRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		spec process.Spec
		want string
	}{
		"name":                 {process.Spec{Name: "../x"}, "name: want"},
		"nothing to run":       {process.Spec{}, "command: nothing to run"},
		"shell with arguments": {process.Spec{Command: []string{"a", "b"}, Shell: true}, "shell form takes one script"},
		"NUL":                  {process.Spec{Command: []string{"a", "b\x00"}}, "NUL"},
		"environment":          {process.Spec{Environment: []string{"novalue"}}, "environment: an entry"},
		"relative directory":   {process.Spec{Directory: "app"}, "not absolute"},
		"scale":                {process.Spec{Scale: -1}, "scale: -1 is negative"},
		"port without listen":  {process.Spec{Port: 80}, "port: only"},
		"port range":           {process.Spec{Listen: process.ListenPort, Port: 70000}, "not between"},
		"shared port":          {process.Spec{Listen: process.ListenPort, Port: 80, Scale: 2}, "cannot share"},
		"tcp without port":     {process.Spec{Ready: process.Readiness{Kind: process.ReadyTCP}}, "tcp needs"},
		"socket without one":   {process.Spec{Ready: process.Readiness{Kind: process.ReadySocket}}, "socket needs"},
		"http without listen":  {process.Spec{Ready: process.Readiness{Kind: process.ReadyHTTP}}, "http needs"},
		"http path": {process.Spec{
			Listen: process.ListenPort, Ready: process.Readiness{Kind: process.ReadyHTTP, Path: "x"},
		}, "does not begin with /"},
		"grace":        {process.Spec{Stop: process.Stop{Grace: -time.Second}}, "stop.grace: -1s is negative"},
		"limit":        {process.Spec{Restart: process.RestartPolicy{Limit: -1}}, "limit is negative"},
		"hook":         {process.Spec{Before: []process.Hook{{}}}, "before[0]: nothing to run"},
		"listen kind":  {process.Spec{Listen: 9}, "listen: unknown kind"},
		"ready kind":   {process.Spec{Ready: process.Readiness{Kind: 9}}, "ready: unknown kind"},
		"restart kind": {process.Spec{Restart: process.RestartPolicy{When: 9}}, "restart: unknown kind"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.spec.Name == "" {
				c.spec.Name = "web"
			}
			if c.spec.Command == nil && name != "nothing to run" {
				c.spec.Command = []string{"true"}
			}
			if err := c.spec.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Validate() = %v, want %q", err, c.want)
			}
		})
	}
}

func TestInvalidEnvironmentIsNotEchoed(t *testing.T) {
	t.Parallel()
	spec := process.Spec{Name: "web", Command: []string{"true"}, Environment: []string{"=canary-5ecret"}}
	if err := spec.Validate(); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("Validate() = %v, want an error without the entry", err)
	}
}

func TestPlainSpecIsValid(t *testing.T) {
	t.Parallel()
	spec := process.Spec{Name: "web", Command: []string{"true"}}
	if err := spec.Validate(); err != nil {
		t.Errorf("Validate() = %v", err)
	}
}

func TestSpecDoesNotPrintItsEnvironment(t *testing.T) {
	t.Parallel()
	spec := process.Spec{Name: "web", Command: []string{"true"}, Environment: []string{"A=canary-5ecret"}}
	var b strings.Builder
	slog.New(slog.NewTextHandler(&b, nil)).Info("m", "spec", spec, "pointer", &spec, "list", []process.Spec{spec})
	fmt.Fprintf(&b, "%v %+v %#v %s %q", spec, &spec, spec, []process.Spec{spec}, spec)
	if strings.Contains(b.String(), "canary") {
		t.Errorf("printed: %s", &b)
	}
}
