package kube

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-project/berth/work"
)

const (
	// handlerContainer is the one that counts; a cluster may add others.
	handlerContainer = "handler"
	payloadVolume    = "berth-payload"
	payloadKey       = "payload.json"
	payloadDir       = "/run/berth"
	// slack is how much longer than an attempt a pod may live, so that the
	// cluster ends only what Berth did not.
	slack = 2 * time.Minute
	// maxSeconds bounds what is asked of the cluster in seconds.
	maxSeconds = 1<<31 - 1
)

// order is everything that is created for an attempt.
type order struct {
	namespace, name string
	pod             *corev1.Pod       // as it is, or the Job's template
	job             *batchv1.Job      // nil for a pod
	payload         *corev1.ConfigMap // nil where none is needed
}

// build makes the order of a task. It asks nobody.
func (e *Executor) build(task work.Task, s Settings, given Given) (*order, error) {
	o := &order{namespace: e.namespace(task), name: workName(s.NamePrefix, task)}
	meta := metav1.ObjectMeta{
		Name: o.name, Namespace: o.namespace,
		Labels: e.labels(task, o.name, s), Annotations: annotations(task, s), OwnerReferences: e.owners(o.namespace),
	}
	spec, err := podSpec(task, s, given)
	if err != nil {
		return nil, err
	}
	if given.File != nil {
		o.payload = &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: o.name, Namespace: o.namespace, Labels: maps.Clone(meta.Labels)},
			Data:       map[string]string{payloadKey: string(given.File)}, Immutable: new(true),
		}
		mountPayload(&spec, o.name)
	}
	o.pod = &corev1.Pod{ObjectMeta: meta, Spec: spec}
	if s.As == AsJob {
		o.job = job(meta, spec, e.opts.Reap.Age)
	}
	return o, nil
}

// job wraps a pod. Whether an attempt is tried again is Berth's to decide, so
// the Job never does. The cluster removes it so long after its end, should Berth not.
func job(meta metav1.ObjectMeta, spec corev1.PodSpec, kept time.Duration) *batchv1.Job {
	template := corev1.PodTemplateSpec{Spec: spec}
	template.Labels, template.Annotations = maps.Clone(meta.Labels), maps.Clone(meta.Annotations)
	template.Labels[LabelJob] = "true"
	return &batchv1.Job{ObjectMeta: meta, Spec: batchv1.JobSpec{
		Parallelism: new(int32(1)), Completions: new(int32(1)), BackoffLimit: new(int32(0)),
		ActiveDeadlineSeconds:   spec.ActiveDeadlineSeconds,
		TTLSecondsAfterFinished: new(int32(wholeSeconds(kept))),
		PodReplacementPolicy:    new(batchv1.Failed),
		Template:                template,
	}}
}

func podSpec(task work.Task, s Settings, given Given) (corev1.PodSpec, error) {
	resources, err := requirements(s)
	if err != nil {
		return corev1.PodSpec{}, err
	}
	c := corev1.Container{
		Name: handlerContainer, Image: s.Image, Command: s.Command, Args: s.Args,
		ImagePullPolicy: corev1.PullPolicy(s.Pull), Resources: resources,
		Env: environment(s, given.Env), SecurityContext: containerSecurity(s),
		TerminationMessagePath: given.MessagePath, TerminationMessagePolicy: corev1.TerminationMessageReadFile,
	}
	if s.Alive != nil {
		c.LivenessProbe = probe(*s.Alive)
	}
	spec := corev1.PodSpec{
		RestartPolicy:                 corev1.RestartPolicyNever,
		ActiveDeadlineSeconds:         new(deadline(task, s)),
		TerminationGracePeriodSeconds: new(wholeSeconds(s.Grace.Std())),
		ServiceAccountName:            s.ServiceAccount,
		AutomountServiceAccountToken:  new(set(s.Token)),
		EnableServiceLinks:            new(false),
		SecurityContext:               podSecurity(s),
		NodeSelector:                  s.NodeSelector,
		PriorityClassName:             s.PriorityClass,
		SchedulerName:                 s.Scheduler,
	}
	if s.RuntimeClass != "" {
		spec.RuntimeClassName = &s.RuntimeClass
	}
	for _, name := range s.PullSecrets {
		spec.ImagePullSecrets = append(spec.ImagePullSecrets, corev1.LocalObjectReference{Name: name})
	}
	for _, a := range s.HostAliases {
		spec.HostAliases = append(spec.HostAliases, corev1.HostAlias{IP: a.IP, Hostnames: a.Names})
	}
	if s.Dedicated != nil {
		dedicate(&spec, *s.Dedicated)
	}
	spec.Containers = []corev1.Container{c}
	mount(&spec, s)
	return spec, nil
}

// deadline is after how many seconds the cluster ends the pod by itself.
func deadline(task work.Task, s Settings) int64 {
	if task.Timeout > 0 {
		return wholeSeconds(task.Timeout.Std() + s.Grace.Std() + slack)
	}
	return wholeSeconds(s.Deadline.Std())
}

func wholeSeconds(d time.Duration) int64 {
	return min(max(int64((d+time.Second-1)/time.Second), 1), maxSeconds)
}

// environment is that of the settings, then that of the contract, which wins:
// of two variables with the same name Kubernetes takes the last. Those of the
// settings may refer to secrets before them with $(NAME); those of the contract
// are data.
func environment(s Settings, given []Variable) []corev1.EnvVar {
	var env []corev1.EnvVar
	for _, name := range slices.Sorted(maps.Keys(s.SecretEnv)) {
		key := s.SecretEnv[name]
		env = append(env, corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: key.Name}, Key: key.Key,
		}}})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		env = append(env, corev1.EnvVar{Name: name, Value: s.Env[name]})
	}
	for _, v := range given {
		if v.Field != "" {
			env = append(env, corev1.EnvVar{Name: v.Name, ValueFrom: &corev1.EnvVarSource{
				FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: v.Field},
			}})
			continue
		}
		env = append(env, corev1.EnvVar{Name: v.Name, Value: escape(v.Value)})
	}
	return env
}

func requirements(s Settings) (corev1.ResourceRequirements, error) {
	r := corev1.ResourceRequirements{Requests: corev1.ResourceList{}, Limits: corev1.ResourceList{}}
	put := func(list corev1.ResourceList, name corev1.ResourceName, text string) error {
		if text == "" || text == NoLimit {
			return nil
		}
		q, err := resource.ParseQuantity(text)
		if err != nil {
			return fmt.Errorf("%s %q is no quantity", name, text)
		}
		list[name] = q
		return nil
	}
	for _, one := range []struct {
		list corev1.ResourceList
		name corev1.ResourceName
		text string
	}{
		{r.Requests, corev1.ResourceCPU, s.CPU},
		{r.Limits, corev1.ResourceCPU, s.CPULimit},
		{r.Requests, corev1.ResourceMemory, s.Memory},
		{r.Limits, corev1.ResourceMemory, s.MemoryLimit},
	} {
		if err := put(one.list, one.name, one.text); err != nil {
			return r, err
		}
	}
	for name, text := range s.Resources {
		for _, list := range []corev1.ResourceList{r.Requests, r.Limits} {
			if err := put(list, corev1.ResourceName(name), text); err != nil {
				return r, err
			}
		}
	}
	return r, nil
}

func probe(a Alive) *corev1.Probe {
	every, failures := wholeSeconds(a.Every.Std()), int32(a.Failures)
	if a.Every == 0 {
		every = 2
	}
	if failures == 0 {
		failures = 10
	}
	url := "http://" + a.Host + ":" + strconv.Itoa(a.Port) + a.Path
	return &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"curl", "-f", "-s", "-o", "/dev/null", url}}},
		PeriodSeconds: int32(every), FailureThreshold: failures, TimeoutSeconds: int32(every),
	}
}

// dedicatedWeight is how much the preference for dedicated nodes counts.
const dedicatedWeight = 40

func dedicate(spec *corev1.PodSpec, d Dedicated) {
	if d.Prefer != "" {
		spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{{
				Weight: dedicatedWeight,
				Preference: corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{
					Key: "dedicated", Operator: corev1.NodeSelectorOpIn, Values: []string{d.Prefer},
				}}},
			}},
		}}
	}
	if d.Tolerate != "" {
		spec.Tolerations = append(spec.Tolerations, corev1.Toleration{
			Key: "dedicated", Operator: corev1.TolerationOpEqual, Value: d.Tolerate, Effect: corev1.TaintEffectNoSchedule,
		})
	}
}
