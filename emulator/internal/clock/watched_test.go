package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-36a2c969/emu/emulator/internal/clock"
)

func TestWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.NewWatched()
		hold := make(chan struct{})
		c.At(c.Now().Add(time.Second), func() { <-hold })
		c.At(time.Now().Add(2*time.Second), func() { t.Error("it was stopped") }).Stop()
		late := c.At(c.Now().Add(time.Minute), func() {})
		if c.Due() != nil {
			t.Error("something is due at the beginning")
		}
		time.Sleep(3 * time.Second)
		due := c.Due()
		if due == nil || c.Called() != 0 {
			t.Fatalf("a callback that runs is not due, of %d that have run", c.Called())
		}
		close(hold)
		<-due
		if c.Due() != nil || c.Called() != 1 {
			t.Errorf("when the callback has run something is due, or %d have run", c.Called())
		}
		if !late.Stop() {
			t.Error("a timer that is not due cannot be stopped")
		}
	})
}
