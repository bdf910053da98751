package kube_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/kube"
)

// objects reads manifests as a cluster does: strictly.
func objects(t *testing.T, text string) []runtime.Object {
	t.Helper()
	decoder := scheme.Codecs.UniversalDeserializer()
	var all []runtime.Object
	for docs := yaml.NewDocumentDecoder(io.NopCloser(strings.NewReader(text))); ; {
		doc := make([]byte, 64<<10)
		n, err := docs.Read(doc)
		if errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		object, _, err := decoder.Decode(bytes.TrimSpace(doc[:n]), nil, nil)
		if err != nil {
			t.Fatalf("%v in\n%s", err, doc[:n])
		}
		all = append(all, object)
	}
}

func role(t *testing.T, text, name string) map[string]bool {
	t.Helper()
	rights := map[string]bool{}
	for _, o := range objects(t, text) {
		if r, ok := o.(*rbacv1.Role); ok && r.Name == name {
			for _, rule := range r.Rules {
				for _, verb := range rule.Verbs {
					for _, resource := range rule.Resources {
						rights[verb+" "+resource] = true
					}
				}
			}
		}
	}
	return rights
}

func TestManifests(t *testing.T) {
	t.Parallel()
	text := kube.Manifests(kube.ManifestOptions{Namespace: "jobs", ServiceAccount: "engine", ServiceAccountNamespace: "berth", Jobs: true, Annotators: []string{"pop-service"}})
	if *update {
		if err := os.WriteFile("testdata/manifests.yaml", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/manifests.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("manifests (-want +got):\n%s", diff)
	}
	var kinds []string
	for _, o := range objects(t, text) {
		kinds = append(kinds, o.GetObjectKind().GroupVersionKind().Kind)
		if b, ok := o.(*rbacv1.RoleBinding); ok && (b.RoleRef.Name == "" || len(b.Subjects) != 1) {
			t.Errorf("binding %+v binds nothing", b)
		}
	}
	if want := []string{"ServiceAccount", "Role", "RoleBinding", "ServiceAccount", "Role", "RoleBinding"}; !slices.Equal(kinds, want) {
		t.Errorf("kinds = %v, want %v", kinds, want)
	}
	for right := range role(t, text, "berth-executor") {
		if strings.Contains(right, "*") || strings.Contains(right, "secrets") {
			t.Errorf("right %q", right)
		}
	}
}

// The role has what the executor does in a life with everything in it, and
// nothing that it never does.
func TestRoleIsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, as := range []string{kube.AsPod, kube.AsJob} {
		tell(t, kube.Settings{As: as, Payload: kube.PayloadFile}, nil, func(t *testing.T, s *story) {
			s.begin(task(t))
			s.step(running)
			s.cancel(work.ErrStopping)
			s.failure("stopping")
			s.begin(s.again(t, nil))
			s.cancel(work.ErrCanceled)
			s.failure("canceled")
			s.reap()
			got := s.asked
			want := role(t, kube.Manifests(kube.ManifestOptions{Jobs: as == kube.AsJob}), "berth-executor")
			if as == kube.AsJob {
				// With Jobs alone nobody creates, reads or deletes pods.
				for _, verb := range []string{"create", "get", "delete"} {
					got[verb+" pods"] = true
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("as %s: rights (-granted +used):\n%s", as, diff)
			}
		})
	}
}

func TestManifestsForARegistry(t *testing.T) {
	t.Parallel()
	yes := true
	r := kube.Registry{
		Base: kube.Settings{Image: "i"},
		Types: map[string]kube.Settings{
			"own":    {ServiceAccount: "own", Token: &yes},
			"silent": {ServiceAccount: "silent", Contract: "pop"},
			"a":      {ServiceAccount: "pop-service", Contract: "pop", Token: &yes},
			"b":      {ServiceAccount: "pop-service", Contract: "pop", Token: &yes},
			"c":      {Contract: "pop", Token: &yes},
		},
	}
	got := kube.ManifestOptions{Annotators: []string{"more"}}.For(r)
	if diff := cmp.Diff(kube.ManifestOptions{Annotators: []string{"more", "pop-service", "default"}}, got); diff != "" {
		t.Errorf("For (-want +got):\n%s", diff)
	}
	r.Types["own"] = kube.Settings{As: kube.AsJob}
	if got := (kube.ManifestOptions{}).For(r); !got.Jobs {
		t.Error("a type that runs as a Job gets no right to Jobs")
	}
}

func TestNamesInManifests(t *testing.T) {
	t.Parallel()
	for _, o := range []kube.ManifestOptions{
		{Namespace: "a\nb: c"}, {ServiceAccount: "A"}, {ServiceAccountNamespace: "-"}, {Annotators: []string{"ok", "not ok"}},
	} {
		if err := o.Validate(); err == nil {
			t.Errorf("Validate(%+v) = nil, want an error", o)
		}
	}
	if err := (kube.ManifestOptions{Namespace: "jobs", Annotators: []string{"pop-service"}}).Validate(); err != nil {
		t.Error(err)
	}
}

func ExampleManifests() {
	text := kube.Manifests(kube.ManifestOptions{Namespace: "jobs"})
	fmt.Print(text[:strings.Index(text, "---")])
	// Output:
	// apiVersion: v1
	// kind: ServiceAccount
	// metadata:
	//   name: berth
	//   namespace: jobs
}

func TestDocsHaveTheRole(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/kubernetes.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := kube.Manifests(kube.ManifestOptions{Namespace: "jobs", Jobs: true}); !strings.Contains(string(text), "```yaml\n"+want+"```\n") {
		t.Errorf("docs/kubernetes.md does not hold these manifests:\n%s", want)
	}
}
