package container_test

import (
	"context"
	"fmt"

	"github.com/berth-project/berth/work/container"
)

func Example() {
	executor, err := container.New(container.Options{
		Socket: "/run/podman/podman.sock",
		Scope:  "media",
		Images: map[string]container.Image{
			"transcode": {
				Image:  "registry.example.org/media/transcode@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
				Limits: container.Limits{Memory: 2 << 30, CPUs: 1.5},
			},
		},
		Current: func(context.Context, container.Ref) (bool, error) { return true, nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer executor.Close()
	fmt.Println(executor.Types())
	// Output: [transcode]
}
