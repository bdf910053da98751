//go:build !apiserver

package kube_test

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	fmt.Println("NOT TESTED HERE: work/kube against a real API server; make test-kubernetes does so")
	os.Exit(m.Run())
}
