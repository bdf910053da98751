package kube_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/kube"
)

// manifests are those of options.
func manifests(t *testing.T, o kube.ManifestOptions) string {
	t.Helper()
	text, err := kube.Manifests(o)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// objects reads manifests as a cluster does that is asked to be strict: with no
// unknown field and none twice.
func objects(t *testing.T, text string) []runtime.Object {
	t.Helper()
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
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
	text := manifests(t, kube.ManifestOptions{Namespace: "jobs", ServiceAccount: "engine", ServiceAccountNamespace: "berth", Jobs: true, Annotators: []string{"pop-service"}})
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
			want := role(t, manifests(t, kube.ManifestOptions{Jobs: as == kube.AsJob}), "berth-executor")
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
	text, err := kube.Manifests(kube.ManifestOptions{Namespace: "jobs"})
	if err != nil {
		panic(err)
	}
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
	if want := manifests(t, kube.ManifestOptions{Namespace: "jobs", Jobs: true}); !strings.Contains(string(text), "```yaml\n"+want+"```\n") {
		t.Errorf("docs/kubernetes.md does not hold these manifests:\n%s", want)
	}
}

// deployed are the options of a deployment with all there is.
func deployed() kube.ManifestOptions {
	return kube.ManifestOptions{Namespace: "jobs", ServiceAccount: "engine", ServiceAccountNamespace: "berth", Deployment: &kube.Deployment{
		Image: "registry.example.com/berth:1", Replicas: 3, StoreSecret: "database", Args: []string{"--pool=default=64", `--pop-execute=a "b": c`},
	}}.For(kube.Registry{Base: kube.Settings{Image: "encoder:2"}, Types: map[string]kube.Settings{"encode": {As: kube.AsJob}}})
}

func TestDeploymentOfTheEngine(t *testing.T) {
	t.Parallel()
	text := manifests(t, deployed())
	if *update {
		if err := os.WriteFile("testdata/deployment.yaml", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/deployment.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("manifests (-want +got):\n%s", diff)
	}
	var d *appsv1.Deployment
	var kinds []string
	for _, o := range objects(t, text) {
		kinds = append(kinds, o.GetObjectKind().GroupVersionKind().Kind)
		switch o := o.(type) {
		case *appsv1.Deployment:
			d = o
		case *corev1.ConfigMap: // what the engine will read has to be what it was given
			var r kube.Registry
			if err := json.Unmarshal([]byte(o.Data[kube.RegistryFile]), &r); err != nil || r.Types["encode"].As != kube.AsJob {
				t.Errorf("registry %q: %v", o.Data[kube.RegistryFile], err)
			}
		}
	}
	if want := []string{"ServiceAccount", "Role", "RoleBinding", "ConfigMap", "Deployment", "Service", "PodDisruptionBudget"}; !slices.Equal(kinds, want) {
		t.Fatalf("kinds = %v, want %v", kinds, want)
	}
	c := d.Spec.Template.Spec.Containers[0]
	if !slices.Contains(c.Args, `--pop-execute=a "b": c`) || *d.Spec.Replicas != 3 || c.Env[1].ValueFrom.SecretKeyRef.Name != "database" || d.Namespace != "berth" {
		t.Errorf("Deployment %+v of %d replicas", c, *d.Spec.Replicas)
	}
	for name, value := range c.Resources.Limits {
		if request, ok := c.Resources.Requests[name]; ok && request.Cmp(value) > 0 {
			t.Errorf("%s: request %s is more than the limit %s", name, request.String(), value.String())
		}
	}
}

// A namespace that enforces the profile "restricted" takes the engine, and none of
// what the profile asks for is missing.
func TestDeploymentIsRestricted(t *testing.T) {
	t.Parallel()
	for _, o := range objects(t, manifests(t, deployed())) {
		d, ok := o.(*appsv1.Deployment)
		if !ok {
			continue
		}
		pod, c := d.Spec.Template.Spec.SecurityContext, d.Spec.Template.Spec.Containers[0].SecurityContext
		if !*pod.RunAsNonRoot || *pod.RunAsUser == 0 || pod.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
			t.Errorf("pod: %+v", pod)
		}
		if *c.AllowPrivilegeEscalation || !*c.ReadOnlyRootFilesystem || !slices.Equal(c.Capabilities.Drop, []corev1.Capability{"ALL"}) || c.Privileged != nil {
			t.Errorf("container: %+v", c)
		}
	}
}

// What selects the engine's pods selects them, and probes and Service ask ports that
// there are.
func TestDeploymentHangsTogether(t *testing.T) {
	t.Parallel()
	var d *appsv1.Deployment
	var service *corev1.Service
	var budget *policyv1.PodDisruptionBudget
	accounts := map[string]bool{}
	for _, o := range objects(t, manifests(t, deployed())) {
		switch o := o.(type) {
		case *appsv1.Deployment:
			d = o
		case *corev1.Service:
			service = o
		case *policyv1.PodDisruptionBudget:
			budget = o
		case *corev1.ServiceAccount:
			accounts[o.Namespace+"/"+o.Name] = true
		}
	}
	template := d.Spec.Template
	for who, selector := range map[string]map[string]string{
		"Deployment": d.Spec.Selector.MatchLabels, "Service": service.Spec.Selector, "budget": budget.Spec.Selector.MatchLabels,
	} {
		if len(selector) == 0 || !labels.SelectorFromSet(selector).Matches(labels.Set(template.Labels)) {
			t.Errorf("%s selects %v, pods have %v", who, selector, template.Labels)
		}
	}
	if !accounts[d.Namespace+"/"+template.Spec.ServiceAccountName] {
		t.Errorf("there is no service account %s in %s", template.Spec.ServiceAccountName, d.Namespace)
	}
	c := template.Spec.Containers[0]
	ports := map[string]bool{}
	for _, p := range c.Ports {
		ports[p.Name] = true
	}
	for name, p := range map[string]*corev1.Probe{"/livez": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
		if p.HTTPGet.Path != name || !ports[p.HTTPGet.Port.StrVal] {
			t.Errorf("probe %+v, want %s on one of the ports %v", p.HTTPGet, name, ports)
		}
	}
	if target := service.Spec.Ports[0].TargetPort.StrVal; !ports[target] {
		t.Errorf("the Service goes to port %q of %v", target, ports)
	}
	volumes := map[string]bool{}
	for _, v := range template.Spec.Volumes {
		volumes[v.Name] = true
	}
	for _, m := range c.VolumeMounts {
		if !volumes[m.Name] {
			t.Errorf("volume %s is mounted and not there", m.Name)
		}
	}
}

func TestDeploymentsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for _, d := range []kube.Deployment{
		{}, {Image: "a b"}, {Image: "a\nb: c"}, {Image: "a", Replicas: -1}, {Image: "a", Replicas: 1000}, {Image: "a", StoreSecret: "A b"},
	} {
		if err := (kube.ManifestOptions{Deployment: &d}).Validate(); err == nil {
			t.Errorf("Validate(%+v) = nil, want an error", d)
		}
	}
	if err := deployed().Validate(); err != nil {
		t.Error(err)
	}
}
