package wire_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// What many connections share is counted once, for as long as one of them holds it.
func TestBudgetCountsSharedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := wire.NewBudget(0)
		var conns []*wire.Conn
		for range 20 {
			c, _ := pipe(t, newRecorder(), &wire.Options{Budget: b})
			conns = append(conns, c)
		}
		want := int64(0)
		for range 5 {
			s := wire.NewShared(wire.AppendFrame(nil, wire.OpBinary, make([]byte, 64<<10)))
			want += int64(len(s.Frame()))
			for _, c := range conns {
				c.WriteShared(s)
			}
		}
		if n := b.Waiting(); n != want {
			t.Errorf("%d bytes wait, want %d", n, want)
		}
		own := textFrame("of six") // 8 bytes, which the allocator does not round up
		for i, c := range conns {
			c.Write(own)
			if n := c.Buffered(); n != want+int64(len(own)) {
				t.Errorf("connection %d: %d bytes", i, n)
			}
		}
		for _, c := range conns[1:] {
			c.Shut()
		}
		synctest.Wait()
		if n := b.Waiting(); n != want+int64(len(own)) {
			t.Errorf("%d bytes wait for the last one, want %d", n, want+int64(len(own)))
		}
		conns[0].Shut()
		synctest.Wait()
		if n := b.Waiting(); n != 0 {
			t.Errorf("%d bytes wait for nobody", n)
		}
	})
}

// When too much waits on all connections together those with the longest queues are ended, and no others.
func TestBudgetEndsLargest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const piece = 10<<10 - 4        // which makes frames of a size that the allocator does not round up
		const limit = 105*(piece+4) - 1 // only the last one is too much
		b := wire.NewBudget(limit)
		var list []*recorder
		var ends []io.Reader
		var conns []*wire.Conn
		for range 14 { // which have 1, 2, 3 … pieces: 105 together
			r := newRecorder()
			c, client := pipe(t, r, &wire.Options{Budget: b})
			list, ends, conns = append(list, r), append(ends, client), append(conns, c)
		}
		for i, c := range conns {
			for range i + 1 {
				c.Write(wire.AppendFrame(nil, wire.OpBinary, make([]byte, piece)))
			}
		}
		synctest.Wait()
		if n := b.Waiting(); n > limit {
			t.Errorf("%d bytes wait", n)
		}
		for i, r := range list {
			want := []string(nil)
			if i == len(list)-1 {
				want = []string{"overflow"}
			}
			if got := r.list(); !slices.Equal(got, want) {
				t.Errorf("connection %d: %q", i, got)
			}
		}
		got, _ := io.ReadAll(ends[len(ends)-1])
		if !bytes.HasSuffix(got, wire.AppendClose(nil, 1009, "Too many bytes are waiting to be read")) || len(got) > 2*piece {
			t.Errorf("the one that is ended gets %d bytes", len(got))
		}
		for _, c := range conns {
			c.Shut()
		}
		synctest.Wait()
		if n := b.Waiting(); n != 0 {
			t.Errorf("%d bytes wait for nobody", n)
		}
	})
}

// However a connection ends, nothing of it stays in the account.
func TestBudgetIsExact(t *testing.T) {
	eachMode(t, func(t *testing.T, o wire.Options) {
		o.Budget = wire.NewBudget(1 << 20)
		shared := wire.NewShared(wire.AppendFrame(nil, wire.OpBinary, make([]byte, 100<<10)))
		for i := range 12 {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				o.MaxQueue = 8 << 20
				c, client := open(t, newRecorder(), o)
				for range 20 + i {
					c.Write(wire.AppendFrame(nil, wire.OpBinary, make([]byte, 30<<10)))
					c.WriteShared(shared)
				}
				switch i % 4 {
				case 0:
					c.Finish()
					go func() {
						io.Copy(io.Discard, client)
						client.Close()
					}()
				case 1:
					client.Close()
				case 2:
					c.Shut()
				case 3:
					client.SetLinger(0)
					client.Close()
				}
				waitFor(t, c.Done())
			})
		}
		if n := o.Budget.Waiting(); n != 0 {
			t.Errorf("%d bytes wait for nobody", n)
		}
	})
}

// What is held for a copy is counted, not only its length.
func TestBudgetCountsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := wire.NewBudget(0)
		const clients, size = 300, 64<<10 + 1 // rounded up by the allocator
		conns := make([]*wire.Conn, clients)
		for i := range conns {
			conns[i], _ = pipe(t, newRecorder(), &wire.Options{Budget: b})
		}
		synctest.Wait()
		frame := wire.AppendFrame(nil, wire.OpBinary, make([]byte, size))
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for _, c := range conns {
			c.Write(frame)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if held, told := int64(after.HeapAlloc-before.HeapAlloc), b.Waiting(); told < held*98/100 {
			t.Errorf("%d bytes are held, %d counted", held, told)
		}
		for _, c := range conns {
			c.Shut()
		}
		synctest.Wait()
	})
}

// While much waits the collector leaves little garbage, and after it as much as before.
func TestBudgetKeepsGarbageShort(t *testing.T) {
	percent := func() int {
		p := debug.SetGCPercent(100)
		debug.SetGCPercent(p)
		return p
	}
	synctest.Test(t, func(t *testing.T) {
		before := percent()
		b, other := wire.NewBudget(0), wire.NewBudget(0)
		var conns []*wire.Conn
		for _, b := range []*wire.Budget{b, other} {
			c, _ := pipe(t, newRecorder(), &wire.Options{Budget: b, MaxQueue: 1 << 30})
			conns = append(conns, c)
			for range 9 {
				c.WriteShared(wire.NewShared(make([]byte, 16<<20)))
			}
			if p := percent(); p >= before/2 {
				t.Errorf("%d per cent of garbage while %d bytes wait", p, b.Waiting())
			}
		}
		conns[0].Shut()
		if p := percent(); p >= before/2 {
			t.Errorf("%d per cent of garbage while much waits for another", p)
		}
		conns[1].Shut()
		if p := percent(); p != before {
			t.Errorf("%d per cent of garbage, before %d", p, before)
		}
		synctest.Wait()
	})
}

// Memory goes back to the system some time after much of what waited has gone, without anybody allocating.
func TestBudgetGivesMemoryBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := wire.NewBudget(0)
		c, _ := pipe(t, newRecorder(), &wire.Options{Budget: b})
		for range 32 {
			c.WriteShared(wire.NewShared(make([]byte, 1<<20)))
		}
		c.Shut()
		synctest.Wait()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		time.Sleep(time.Minute) // of the bubble's time
		synctest.Wait()
		runtime.ReadMemStats(&after)
		if after.NumForcedGC == before.NumForcedGC {
			t.Errorf("nothing is given back of %d bytes in use", after.HeapInuse)
		}
	})
}
