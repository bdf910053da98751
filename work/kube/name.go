package kube

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strconv"
	"strings"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// The labels of pods and Jobs, by which they are found. A value that Kubernetes
// does not allow is changed to one that it does; annotations of the same name
// have the true one.
const (
	LabelManagedBy  = "app.kubernetes.io/managed-by" // always "berth"
	LabelInstance   = "berth.dev/instance"           // which service
	LabelWork       = "berth.dev/work"               // the name of the pod, or of its Job
	LabelRun        = "berth.dev/run"
	LabelStep       = "berth.dev/step"
	LabelItem       = "berth.dev/item" // with for-each only
	LabelAttempt    = "berth.dev/attempt"
	LabelRunAttempt = "berth.dev/run-attempt"
	LabelFence      = "berth.dev/fence"
	LabelType       = "berth.dev/type"
	LabelTenant     = "berth.dev/tenant"
	LabelRemove     = "berth.dev/remove" // when the reaper may delete it
	LabelJob        = "berth.dev/job"    // "true" for pods of a Job

	managedBy = "berth"
)

// workName is the name of the pod of an attempt: the same for the same
// attempt, so that it cannot be created twice.
func workName(prefix string, task work.Task) string {
	end := fmt.Sprintf("-%s-%d-%d", digest(task.Step, strconv.Itoa(task.Item)), task.RunAttempt, task.Attempt)
	begin := prefix + "-" + task.Run.String() + "-"
	return begin + slug(task.Step, max(maxLabelValue-len(begin)-len(end), 1)) + end
}

var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// digest tells texts apart that look the same as a slug.
func digest(texts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(texts, "\x00")))
	return lowerBase32.EncodeToString(sum[:5])
}

// slug makes part of a DNS label of a name, for people.
func slug(name string, limit int) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, name)
	name = strings.Trim(name[:min(len(name), limit)], "-")
	if name == "" {
		return "x"
	}
	return name
}

const maxLabelValue = 63

// labelValue makes the value of a label of a text. A text that is one already
// stays as it is; any other gets a digest, so that no two become the same.
func labelValue(text string) string {
	allowed := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_' || r == '.'
	}
	clean := strings.Map(func(r rune) rune {
		if allowed(r) {
			return r
		}
		return '-'
	}, text)
	const ends = "-_."
	if clean == text && len(text) <= maxLabelValue && strings.Trim(text, ends) == text {
		return text
	}
	sum := digest(text)
	clean = strings.Trim(clean[:min(len(clean), maxLabelValue-len(sum)-1)], ends)
	if clean == "" {
		return sum
	}
	return clean + "." + sum
}

// labels are those of everything that is created for a task.
func (e *Executor) labels(task work.Task, name string, s Settings) map[string]string {
	labels := map[string]string{
		LabelManagedBy:  managedBy,
		LabelInstance:   e.opts.Instance,
		LabelWork:       name,
		LabelRun:        task.Run.String(),
		LabelStep:       labelValue(task.Step),
		LabelAttempt:    strconv.Itoa(task.Attempt),
		LabelRunAttempt: strconv.Itoa(task.RunAttempt),
		LabelFence:      strconv.FormatUint(uint64(task.Fence), 10),
		LabelType:       labelValue(task.Type),
		LabelTenant:     labelValue(task.Tenant),
		LabelRemove:     s.Remove,
	}
	if task.Item >= 0 {
		labels[LabelItem] = strconv.Itoa(task.Item)
	}
	for name, value := range s.Labels {
		if _, own := labels[name]; !own {
			labels[name] = value
		}
	}
	return labels
}

// annotations have what labels cannot hold.
func annotations(task work.Task, s Settings) map[string]string {
	all := map[string]string{LabelStep: task.Step, LabelTenant: task.Tenant, "berth.dev/workflow": task.Workflow}
	for name, value := range s.Annotations {
		all[name] = value
	}
	return all
}

// mark is what the labels of a pod say it was created for.
type mark struct {
	Run        workflow.RunID
	RunAttempt int
	Step       string
	Item       int
	Fence      machine.Fence
}

// readMark reads the labels and annotations of a pod; ok is false where they
// are not what Berth writes.
func readMark(labels, annotations map[string]string) (m mark, ok bool) {
	run, err := workflow.ParseRunID(labels[LabelRun])
	if err != nil || labels[LabelManagedBy] != managedBy {
		return mark{}, false
	}
	m = mark{Run: run, Step: annotations[LabelStep], Item: -1}
	if labelValue(m.Step) != labels[LabelStep] {
		return mark{}, false
	}
	if text, there := labels[LabelItem]; there {
		if m.Item, err = strconv.Atoi(text); err != nil {
			return mark{}, false
		}
	}
	if m.RunAttempt, err = strconv.Atoi(labels[LabelRunAttempt]); err != nil {
		return mark{}, false
	}
	fence, err := strconv.ParseUint(labels[LabelFence], 10, 64)
	m.Fence = machine.Fence(fence)
	return m, err == nil
}

// of reports whether m is of the same step run as a task.
func (m mark) of(task work.Task) bool {
	return m.Run == task.Run && m.RunAttempt == task.RunAttempt && m.Step == task.Step && m.Item == task.Item
}
