package kube

import (
	"context"
	"log/slog"
	"sync"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// hub watches pods for those who wait for one: with one watch for each
// namespace, however many pods there are, which runs while somebody waits. The
// informer lists anew when the cluster has forgotten where a watch was.
type hub struct {
	client   Client
	selector string
	log      *slog.Logger

	mu     sync.Mutex // guards the fields below
	spaces map[string]*space
}

// space is the watch of a namespace.
type space struct {
	informer cache.SharedIndexInformer
	stop     context.CancelFunc
	done     chan struct{}
	waiting  map[string]map[*subscription]bool // by the label LabelWork
}

// subscription is somebody who waits for a pod.
type subscription struct {
	changed chan struct{} // has room for one
	uid     types.UID     // of the pod, or of its Job; "" for any

	mu   sync.Mutex // guards the fields below
	pod  *corev1.Pod
	gone bool
}

const workIndex = "work"

func newHub(client Client, instance string, log *slog.Logger) *hub {
	return &hub{
		client: client, log: log, spaces: map[string]*space{},
		selector: labels.Set{LabelManagedBy: managedBy, LabelInstance: instance}.String(),
	}
}

// subscribe watches the pod of that name, or of the Job of that name, until
// cancel is called. Names come again, and the watch may lag behind: what has
// another identity is another's.
func (h *hub) subscribe(namespace, work string, uid types.UID) (s *subscription, cancel func()) {
	s = &subscription{changed: make(chan struct{}, 1), uid: uid}
	h.mu.Lock()
	defer h.mu.Unlock()
	sp := h.spaces[namespace]
	if sp == nil {
		sp = h.open(namespace)
		h.spaces[namespace] = sp
	}
	if sp.waiting[work] == nil {
		sp.waiting[work] = map[*subscription]bool{}
	}
	sp.waiting[work][s] = true
	known, _ := sp.informer.GetIndexer().ByIndex(workIndex, work) // the index exists
	for _, obj := range known {
		s.put(obj.(*corev1.Pod), false)
	}
	return s, func() { h.leave(namespace, work, s) }
}

func (h *hub) leave(namespace, work string, s *subscription) {
	h.mu.Lock()
	sp := h.spaces[namespace]
	delete(sp.waiting[work], s)
	if len(sp.waiting[work]) == 0 {
		delete(sp.waiting, work)
	}
	last := len(sp.waiting) == 0
	if last {
		delete(h.spaces, namespace)
	}
	h.mu.Unlock()
	if last {
		sp.stop()
		<-sp.done
	}
}

// open starts watching a namespace. The caller holds mu.
func (h *hub) open(namespace string) *space {
	// The client tells its log why a watch was interrupted.
	ctx := klog.NewContext(context.Background(), logr.FromSlogHandler(h.log.With("namespace", namespace).Handler()))
	ctx, stop := context.WithCancel(ctx)
	sp := &space{stop: stop, done: make(chan struct{}), waiting: map[string]map[*subscription]bool{}}
	sp.informer = v1.NewFilteredPodInformer(h.client, namespace, 0, cache.Indexers{workIndex: byWork},
		func(o *metav1.ListOptions) { o.LabelSelector = h.selector })
	// This fails only for an informer that was started.
	_ = sp.informer.SetTransform(slim)
	_, _ = sp.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(obj any) { h.tell(sp, obj, false) },
		UpdateFunc: func(_, obj any) { h.tell(sp, obj, false) },
		DeleteFunc: func(obj any) { h.tell(sp, obj, true) },
	})
	go func() {
		defer close(sp.done)
		sp.informer.RunWithContext(ctx)
	}()
	return sp
}

func byWork(obj any) ([]string, error) {
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		return nil, nil
	}
	return []string{pod.Labels[LabelWork]}, nil
}

// slim keeps a pod without what is large and not looked at. It is a pod of
// its own: who handed out the other one may still be reading it.
func slim(obj any) (any, error) {
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		return obj, nil
	}
	kept := &corev1.Pod{TypeMeta: pod.TypeMeta, ObjectMeta: pod.ObjectMeta, Status: pod.Status}
	kept.ManagedFields = nil
	kept.Spec.NodeName = pod.Spec.NodeName
	return kept, nil
}

func (h *hub) tell(sp *space, obj any, gone bool) {
	if unknown, ok := obj.(cache.DeletedFinalStateUnknown); ok {
		obj = unknown.Obj
	}
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range sp.waiting[pod.Labels[LabelWork]] {
		s.put(pod, gone)
	}
}

func (s *subscription) put(pod *corev1.Pod, gone bool) {
	if s.uid != "" && pod.UID != s.uid {
		if owner := metav1.GetControllerOf(pod); owner == nil || owner.UID != s.uid {
			return
		}
	}
	s.mu.Lock()
	s.pod, s.gone = pod, gone
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// get returns the pod as it was last seen, nil before it was.
func (s *subscription) get() (pod *corev1.Pod, gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pod, s.gone
}
