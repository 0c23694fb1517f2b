package host

import "testing"

// TestSignalOnSend: who waits has its place however early the signal comes, and has it once.
func TestSignalOnSend(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(s *Signal, f func())
	}{
		{"sent afterwards", func(s *Signal, f func()) { s.OnSend(f); s.Send(); s.Send() }},
		{"sent before", func(s *Signal, f func()) { s.Send(); s.OnSend(f); s.Send() }},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, places := New(Options{}).NewSignal(), 0
			test.do(s, func() { places++ })
			s.Done()
			if places != 1 {
				t.Errorf("the waiter has %d places", places)
			}
		})
	}
}
