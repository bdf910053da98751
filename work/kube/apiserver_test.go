//go:build apiserver

package kube_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/kube"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// These tests need the programs etcd and kube-apiserver in the directory that
// KUBEBUILDER_ASSETS names. The API is real: admission, pod security, roles,
// preconditions and watches. There is no node, so the test plays the kubelet
// and no pod has a log.

// server is an API server and its database.
type server struct {
	t         *testing.T
	dir, port string
	etcd      string
	api       *exec.Cmd
	admin     kubernetes.Interface
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func (s *server) program(name string, args ...string) *exec.Cmd {
	s.t.Helper()
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		s.t.Fatal("KUBEBUILDER_ASSETS names no directory with etcd and kube-apiserver: run make test-kubernetes")
	}
	log, err := os.Create(filepath.Join(s.dir, name+".log"))
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(assets, name), args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = log.Close()
		if s.t.Failed() {
			text, _ := os.ReadFile(log.Name())
			s.t.Logf("end of %s's log:\n%s", name, text[max(0, len(text)-2000):])
		}
	})
	return cmd
}

const tokens = "admin,admin,1,system:masters\nengine,system:serviceaccount:jobs:berth,2,\"system:serviceaccounts,system:authenticated\"\n"

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir(), port: free(t), etcd: "http://127.0.0.1:" + free(t)}
	peer := "http://127.0.0.1:" + free(t)
	s.program("etcd", "--data-dir", filepath.Join(s.dir, "etcd"), "--listen-client-urls", s.etcd, "--advertise-client-urls", s.etcd,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer, "--unsafe-no-fsync")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	s.write("accounts.key", string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})))
	s.write("tokens.csv", tokens)
	s.start()
	s.admin = s.client("admin")
	s.ready()
	s.prepare()
	return s
}

func (s *server) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) start() {
	accounts := filepath.Join(s.dir, "accounts.key")
	s.api = s.program("kube-apiserver", "--etcd-servers", s.etcd, "--cert-dir", filepath.Join(s.dir, "certs"),
		"--bind-address", "127.0.0.1", "--secure-port", s.port, "--token-auth-file", filepath.Join(s.dir, "tokens.csv"),
		"--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.0.0.0/24", "--service-account-issuer", "https://berth.test",
		"--service-account-key-file", accounts, "--service-account-signing-key-file", accounts, "--watch-cache=true")
}

func (s *server) client(token string) kubernetes.Interface {
	s.t.Helper()
	client, err := kubernetes.NewForConfig(&rest.Config{
		Host: "https://127.0.0.1:" + s.port, BearerToken: token, TLSClientConfig: rest.TLSClientConfig{Insecure: true}, QPS: 100, Burst: 200,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return client
}

// eventually asks until it is true.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !is(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within two minutes", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (s *server) ready() {
	s.t.Helper()
	eventually(s.t, "the API server is ready", func() bool {
		body, err := s.admin.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(s.t.Context())
		return err == nil && string(body) == "ok"
	})
}

// prepare makes namespaces of Kubernetes' strictest profile, and gives the
// engine its rights in one of them.
func (s *server) prepare() {
	s.t.Helper()
	ctx := s.t.Context()
	for _, name := range []string{"jobs", "other"} {
		_, err := s.admin.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
			Name: name, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
		}}, metav1.CreateOptions{})
		s.must(err)
		// A controller would make it.
		_, err = s.admin.CoreV1().ServiceAccounts(name).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}, metav1.CreateOptions{})
		s.must(err)
	}
	for _, object := range objects(s.t, manifests(s.t, kube.ManifestOptions{Namespace: "jobs", Jobs: true})) {
		var err error
		switch o := object.(type) {
		case *corev1.ServiceAccount:
			_, err = s.admin.CoreV1().ServiceAccounts(o.Namespace).Create(ctx, o, metav1.CreateOptions{})
		case *rbacv1.Role:
			_, err = s.admin.RbacV1().Roles(o.Namespace).Create(ctx, o, metav1.CreateOptions{})
		case *rbacv1.RoleBinding:
			_, err = s.admin.RbacV1().RoleBindings(o.Namespace).Create(ctx, o, metav1.CreateOptions{})
		default:
			err = fmt.Errorf("an unexpected %T", o)
		}
		s.must(err)
	}
}

func (s *server) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// pod waits for the pod of a step.
func (s *server) pod(step string) *corev1.Pod {
	s.t.Helper()
	var found *corev1.Pod
	eventually(s.t, "there is a pod of step "+step, func() bool {
		list, err := s.admin.CoreV1().Pods("jobs").List(s.t.Context(), metav1.ListOptions{LabelSelector: kube.LabelStep + "=" + step})
		if err != nil || len(list.Items) == 0 {
			return false
		}
		found = &list.Items[0]
		return true
	})
	return found
}

// set edits the status of a pod, as a kubelet does.
func (s *server) set(step string, edit func(*corev1.Pod)) {
	s.t.Helper()
	eventually(s.t, "the status of step "+step+" is written", func() bool {
		pod := s.pod(step)
		edit(pod)
		_, err := s.admin.CoreV1().Pods("jobs").UpdateStatus(s.t.Context(), pod, metav1.UpdateOptions{})
		return err == nil
	})
}

func TestOnARealAPIServer(t *testing.T) {
	s := newServer(t)
	current := func(run workflow.RunID, step string, item int, fence machine.Fence) bool { return step != "stale" }
	executor := func(namespace string) *kube.Executor {
		e, err := kube.New(kube.Options{
			Client: s.client("engine"), Namespace: namespace, Current: current, Reap: kube.ReapOptions{StaleAfter: time.Nanosecond},
			Registry: kube.Registry{Base: kube.Settings{Image: "encoder:2", Payload: kube.PayloadFile}, Types: map[string]kube.Settings{
				"encode": {}, "job": {As: kube.AsJob}, "root": {Privileged: new(true)},
			}},
		})
		s.must(err)
		return e
	}
	e := executor("jobs")
	begin := func(e *kube.Executor, step, stepType string, edit func(*work.Task)) (<-chan work.Result, *recorder, context.CancelCauseFunc) {
		ctx, cancel := context.WithCancelCause(t.Context())
		given := task(t)
		given.Step, given.Type = step, stepType
		if edit != nil {
			edit(&given)
		}
		result, report := make(chan work.Result, 1), &recorder{}
		go func() { result <- e.Execute(ctx, given, report) }()
		return result, report, cancel
	}

	t.Run("a pod that ends well", func(t *testing.T) {
		result, _, _ := begin(e, "fine", "encode", nil)
		pod := s.pod("fine")
		eventually(t, "the payload is there and belongs to the pod", func() bool {
			cm, err := s.admin.CoreV1().ConfigMaps("jobs").Get(t.Context(), pod.Name, metav1.GetOptions{})
			return err == nil && cm.OwnerReferences[0].UID == pod.UID
		})
		s.set("fine", running)
		s.set("fine", exits(0, "42"))
		if r := <-result; string(r.Output) != "42" {
			t.Errorf("Execute = %s, %+v", r.Output, r.Failure)
		}
	})
	t.Run("the API server restarts", func(t *testing.T) {
		result, _, _ := begin(e, "restart", "encode", nil)
		s.set("restart", running)
		s.must(s.api.Process.Kill())
		_ = s.api.Wait()
		s.start()
		s.ready()
		s.set("restart", exits(3, ""))
		if r := <-result; r.Failure == nil || r.Failure.Code != "exit.3" {
			t.Errorf("Execute = %s, %+v, want exit.3", r.Output, r.Failure)
		}
	})
	t.Run("taken over", func(t *testing.T) {
		result, report, cancel := begin(e, "taken", "encode", nil)
		s.set("taken", running)
		first := s.pod("taken")
		eventually(t, "the handler is seen running", func() bool {
			report.mu.Lock()
			defer report.mu.Unlock()
			return len(report.progress) > 1
		})
		cancel(work.ErrStopping)
		<-result
		newer := func(t *work.Task) { t.Attempt, t.Fence, t.State = 2, 2<<40, report.state }
		result, _, cancel = begin(e, "taken", "encode", newer)
		eventually(t, "the new fence is on the pod", func() bool { return s.pod("taken").Labels[kube.LabelFence] == fmt.Sprint(2<<40) })
		older, _, _ := begin(e, "taken", "encode", nil)
		if r := <-older; r.Failure == nil || r.Failure.Code != "lease-lost" {
			t.Errorf("Execute with an older fence = %s, %+v, want lease-lost", r.Output, r.Failure)
		}
		if s.pod("taken").UID != first.UID {
			t.Error("the pod was replaced")
		}
		cancel(work.ErrCanceled)
		if r := <-result; r.Failure == nil || r.Failure.Code != "canceled" {
			t.Errorf("Execute = %s, %+v, want canceled", r.Output, r.Failure)
		}
		eventually(t, "the pod is gone", func() bool {
			_, err := s.admin.CoreV1().Pods("jobs").Get(t.Context(), first.Name, metav1.GetOptions{})
			return err != nil
		})
	})
	t.Run("a Job", func(t *testing.T) {
		result, _, cancel := begin(e, "job", "job", nil)
		var job *batchv1.Job
		eventually(t, "there is a Job", func() bool {
			list, err := s.admin.BatchV1().Jobs("jobs").List(t.Context(), metav1.ListOptions{})
			if err == nil && len(list.Items) > 0 {
				job = &list.Items[0]
			}
			return job != nil
		})
		cancel(work.ErrCanceled)
		<-result
		if _, err := s.admin.BatchV1().Jobs("jobs").Get(t.Context(), job.Name, metav1.GetOptions{}); err == nil {
			t.Error("the Job is left")
		}
	})
	t.Run("refused", func(t *testing.T) {
		for name, refused := range map[string]<-chan work.Result{
			"by pod security": first(begin(e, "root", "root", nil)),
			"by roles":        first(begin(executor("other"), "other", "encode", nil)),
		} {
			if r := <-refused; r.Failure == nil || r.Failure.Code != "kube.refused" || !r.Failure.Fatal {
				t.Errorf("%s: Execute = %s, %+v, want kube.refused", name, r.Output, r.Failure)
			}
		}
	})
	t.Run("reaped", func(t *testing.T) {
		result, report, cancel := begin(e, "stale", "encode", nil)
		s.set("stale", running)
		eventually(t, "the attempt watches", func() bool {
			report.mu.Lock()
			defer report.mu.Unlock()
			return len(report.state) > 0
		})
		cancel(work.ErrStopping)
		<-result
		if _, err := e.Reap(t.Context()); err != nil {
			t.Fatal(err)
		}
		reaped, err := e.Reap(t.Context())
		if err != nil || reaped.Stale != 1 {
			t.Errorf("Reap = %+v, %v, want the stale pod", reaped, err)
		}
	})
}

func first(result <-chan work.Result, _ *recorder, _ context.CancelCauseFunc) <-chan work.Result {
	return result
}
