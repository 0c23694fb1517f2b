package object

import "testing"

// wanter is what a test gives turns to.
type wanter struct {
	name   string
	answer bool
}

func (w *wanter) isAnswer() bool { return w.answer }

// TestGate: the turn goes to the first that is ready and may have it.
func TestGate(t *testing.T) {
	a, b, c := &wanter{"a", true}, &wanter{"b", false}, &wanter{"c", true}
	var g gate[*wanter]
	next := func(want string) {
		t.Helper()
		got := "nobody"
		if turn, ok := g.next(); ok {
			got = turn.e.name
		}
		if got != want {
			t.Errorf("the turn goes to %s, not to %s", got, want)
		}
	}
	next("nobody")
	g.ready.add(turn[*wanter]{e: a})
	g.ready.add(turn[*wanter]{e: b})
	next("a")
	if g.callerReady() {
		t.Error("b has no answer that others wait for")
	}

	// a blocks: b and c wait, also when a's own wait ends after they have come.
	unblock := g.block(a)
	g.ready.add(turn[*wanter]{e: c})
	next("nobody")
	var p ticket
	if !g.reserve(a, &p) || g.reserve(a, &p) {
		t.Error("a place is taken once")
	}
	next("a")
	inner := g.block(a)
	inner()
	next("nobody")
	unblock()
	if !g.callerReady() {
		t.Error("c waits to answer")
	}
	next("b")
	next("c")

	// A free turn is taken at once, and else in the order of the queue.
	if g.enter(b, &ticket{}) != nil {
		t.Error("the turn is free")
	}
	g.busy = true
	g.ready.add(turn[*wanter]{e: c})
	resume := g.enter(a, &ticket{})
	if resume == nil {
		t.Fatal("the turn is not free")
	}
	g.ready.keepResumed() // a reset: c never begins
	turn, _ := g.next()
	if turn.e != a || turn.resume != resume {
		t.Error("a goes on")
	}
	if g.begun != 3 { // a, b and c, each once
		t.Errorf("%d have begun, not 3", g.begun)
	}
}
