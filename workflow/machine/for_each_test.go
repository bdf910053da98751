package machine_test

import (
	"testing"

	"github.com/berth-project/berth/workflow/machine"
)

const each = `{"name": "t", "steps": [
	{"name": "a", "run": "x"},
	{"name": "e", "run": "x", "for-each": {"in": "${steps.a.output}", "limit": 2}, "with": {"v": "${item}", "i": "${index}"}%s},
	{"name": "z", "run": "x", "with": "${steps.e.output}"}]}`

func eachDoc(more string) string { return replace(each, more) }

func TestForEach(t *testing.T) {
	t.Parallel()
	e := begun(t, eachDoc(""))
	e.do(`a=[10,20,30]`)
	e.want(machine.Running, "a=succeeded e=running e/0=ready e/1=ready e/2=waiting z=waiting")
	if with, _ := e.claim("e/1"); with != `{"v": 20, "i": 1}` && with != `{"v":20,"i":1}` {
		t.Errorf("payload of e/1 = %s", with)
	}
	e.do(`e/1="b"`)
	e.want(machine.Running, "a=succeeded e=running e/0=ready e/1=succeeded e/2=ready z=waiting")
	e.do("e/2=3", "e/0")
	if with, _ := e.claim("z"); with != `[null,"b",3]` {
		t.Errorf("payload of z = %s", with)
	}
	e.do("z")
	e.want(machine.Succeeded, "a=succeeded e=succeeded z=succeeded")
}

func TestForEachOverNothing(t *testing.T) {
	t.Parallel()
	e := begun(t, eachDoc(""))
	e.do(`a=[]`)
	e.want(machine.Running, "a=succeeded e=succeeded z=ready")
	if with, _ := e.claim("z"); with != `[]` {
		t.Errorf("payload of z = %s", with)
	}
}

func TestForEachOverWhatIsNoArray(t *testing.T) {
	t.Parallel()
	e := begun(t, eachDoc(""), &machine.Limits{MaxItems: 2})
	e.do(`a={"no": "array"}`)
	e.want(machine.Failed, "a=succeeded e=failed z=skipped:upstream")
	e = begun(t, eachDoc(""), &machine.Limits{MaxItems: 2})
	e.do(`a=[1,2,3]`)
	e.want(machine.Failed, "a=succeeded e=failed z=skipped:upstream")
	if f := e.run.State.Failure; f.Code != "items" {
		t.Errorf("Failure = %v, want code items", f)
	}
}

func TestAnItemThatFailsStopsTheOthers(t *testing.T) {
	t.Parallel()
	e := begun(t, eachDoc(""))
	e.do(`a=[1,2,3]`)
	e.claim("e/1")
	e.fail("e/0", "exit.1")
	e.want(machine.Running, "a=succeeded e=running e/0=failed e/1=running e/2=skipped:upstream z=waiting")
	e.do("e/1")
	e.want(machine.Failed, "a=succeeded e=failed e/0=failed e/1=succeeded e/2=skipped:upstream z=skipped:upstream")
	e.event(e.run.RetryFailed("ann", e.now))
	e.want(machine.Queued, "a=succeeded e=waiting e/0=waiting e/1=succeeded e/2=waiting z=waiting")
	e.begin()
	e.do("e/0=1", "e/2=3")
	if with, _ := e.claim("z"); with != `[1,null,3]` {
		t.Errorf("payload of z = %s", with)
	}
}

func TestAnItemThatMayFailIsNull(t *testing.T) {
	t.Parallel()
	e := begun(t, eachDoc(`, "on-error": "continue"`))
	e.do(`a=[1,2,3]`)
	e.fail("e/0", "exit.1")
	e.do("e/1=7", "e/2=8")
	e.want(machine.Running, "a=succeeded e=succeeded e/0=failed e/1=succeeded e/2=succeeded z=ready")
	if with, _ := e.claim("z"); with != `[null,7,8]` {
		t.Errorf("payload of z = %s", with)
	}
}

func TestAConditionForEachItem(t *testing.T) {
	t.Parallel()
	e := begun(t, eachDoc(`, "when": "item > 1 && index < 3"`))
	e.do(`a=[1,2,3,4]`)
	e.want(machine.Running, "a=succeeded e=running e/0=skipped:when e/1=ready e/2=ready e/3=waiting z=waiting")
	e.do("e/2=9", "e/1=8")
	e.want(machine.Running, "a=succeeded e=succeeded e/0=skipped:when e/1=succeeded e/2=succeeded e/3=skipped:when z=ready")
	if with, _ := e.claim("z"); with != `[null,8,9,null]` {
		t.Errorf("payload of z = %s", with)
	}
}

func TestItemsAreRetriedOneByOne(t *testing.T) {
	t.Parallel()
	e := begun(t, eachDoc(`, "retry": {"max": 1, "backoff": "1s"}`))
	e.do(`a=[1,2,3]`)
	e.fail("e/0", "exit.1")
	e.want(machine.Running, "a=succeeded e=running e/0=backoff e/1=ready e/2=ready z=waiting")
	e.wake(1000)
	e.want(machine.Running, "a=succeeded e=running e/0=waiting e/1=ready e/2=ready z=waiting")
	e.do("e/2")
	e.want(machine.Running, "a=succeeded e=running e/0=ready e/1=ready e/2=succeeded z=waiting")
	e.do("e/0", "e/1", "z")
	if h := e.told.History; len(h) != 1 || h[0].Item == nil || *h[0].Item != 0 {
		t.Errorf("history = %+v, want one attempt of item 0", h)
	}
	e.want(machine.Succeeded, "a=succeeded e=succeeded z=succeeded")
}

func TestForEachUnderTheRunsLimit(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "e", "run": "x", "for-each": {"in": [1,2,3]}}`, `{"name": "b", "run": "x"}`), &machine.Limits{Parallel: 2})
	e.want(machine.Running, "e=running e/0=ready e/1=ready e/2=waiting b=waiting")
	e.do("e/1")
	e.want(machine.Running, "e=running e/0=ready e/1=succeeded e/2=ready b=waiting")
	e.do("e/2")
	e.want(machine.Running, "e=running e/0=ready e/1=succeeded e/2=succeeded b=ready")
	e.do("b", "e/0")
	e.want(machine.Succeeded, "e=succeeded b=succeeded")
}

func TestForEachOverWaitsAndSubWorkflows(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(
		`{"name": "w", "run": "wait", "for-each": {"in": [1, 2]}, "with": {"for": "${item}"}}`,
		`{"name": "s", "run": "workflow", "for-each": {"in": [1, 2, 3], "limit": 2}, "with": {"workflow": "sub", "params": "${item}"}}`,
	))
	e.want(machine.Running, "w=running w/0=sleeping w/1=sleeping s=running s/0=sleeping s/1=sleeping s/2=waiting")
	e.event(e.run.ChildFinished(e.end("s/0", 5, machine.Succeeded, nil, nil), e.now))
	e.wake(1000)
	e.want(machine.Running, "w=running w/0=succeeded w/1=sleeping s=running s/0=succeeded s/1=sleeping s/2=sleeping")
	e.wake(1000)
	e.want(machine.Running, "w=succeeded w/0=succeeded w/1=succeeded s=running s/0=succeeded s/1=sleeping s/2=sleeping")
	e.event(e.run.Cancel("", "", e.now))
	e.want(machine.Canceled, "w=succeeded s=canceled")
}

func TestItemsThatAreWrongTogetherRunAgain(t *testing.T) {
	t.Parallel()
	e := begun(t, steps(`{"name": "e", "run": "x", "for-each": {"in": [1, 2]}}`), &machine.Limits{MaxOutput: 20})
	e.do(`e/0="0123456789"`, `e/1="0123456789"`)
	e.want(machine.Failed, "e=failed e/0=succeeded e/1=succeeded")
	e.event(e.run.RetryFailed("ann", e.now))
	e.begin()
	e.do(`e/0="short"`, `e/1="short"`)
	e.want(machine.Succeeded, "e=succeeded")
}
