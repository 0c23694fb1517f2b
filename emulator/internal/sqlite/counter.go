package sqlite

// rowsRead and rowsWritten
// (https://developers.cloudflare.com/durable-objects/platform/pricing/#sqlite-storage-backend).
//
// workerd's SQLite is patched to count rows while it runs a statement
// (patches/sqlite/0001-row-counts-plain.patch, from libSQL): certain opcodes
// of the compiled program (https://sqlite.org/opcode.html) add one to a
// counter. An unpatched SQLite counts only how often a cursor moves on. For
// the other opcodes this package rewrites the program of a user statement: it moves
// each of them to the end of the program, behind an OP_Trace. An OP_Trace counts in its
// own P1 how often it ran, and no compiled program has one.
//
//	before   A    SeekRowid ..      after   A    Goto T
//	         A+1  ..                        A+1  ..
//	                                        ..
//	                                        T    Trace, to T+1
//	                                        T+1  SeekRowid ..
//	                                        T+2  Goto A+1
//
// Nothing else moves, so every jump stays right. The shapes of the program
// are Go types of modernc.org/sqlite/lib; the recorded counts in the tests
// fail when a new version of it compiles statements differently.
//
// Where the number of times an opcode ran is not the number of rows, a probe runs before
// or behind it (probe.go).
//
// Not exact: workerd's build searches a range made from LIKE or GLOB a second time, for
// blobs; this one does not.

import (
	"slices"
	"unsafe"

	lib "modernc.org/sqlite/lib"
)

// counter counts the rows of one statement.
type counter struct {
	reads, writes []*int32 // P1 of the OP_Trace before what reads or writes
	read, written int64    // by the probes

	schema   [3]int32 // the one that the statement was compiled for
	expires  bool     // running it makes SQLite compile every statement anew
	program  uintptr  // the program that runs; 0 for an EXPLAIN
	original uintptr  // the program before instrument; SQLite keeps the registers in the end of its memory
}

// moves are the indexes of SQLite's own counters of opcodes that move a cursor on. Index 0 has no
// name in SQLite.
var moves = [...]int{0, lib.SQLITE_STMTSTATUS_FULLSCAN_STEP, lib.SQLITE_STMTSTATUS_AUTOINDEX}

func vdbe(s *Stmt) *lib.TVdbe { return (*lib.TVdbe)(ptr(s.c)) }

// attach gives a fresh statement its counters.
func (c *counter) attach(s *Stmt) {
	*c = counter{schema: s.conn.schema()}
	v := vdbe(s)
	if lib.Xsqlite3_stmt_isexplain(s.conn.tls, s.c) != 0 {
		return
	}
	if program, n := c.instrument(s, v.FaOp, v.FnOp); program != 0 {
		c.original = v.FaOp
		v.FaOp, v.FnOp = program, n
	}
	c.program = v.FaOp
	for p := v.FpProgram; p != 0; { // of triggers and foreign keys
		sub := (*lib.TSubProgram)(ptr(p))
		if program, n := c.instrument(s, sub.FaOp, sub.FnOp); program != 0 {
			s.conn.free(sub.FaOp)
			sub.FaOp, sub.FnOp = program, n
		}
		p = sub.FpNext
	}
}

// detach frees the original program, which SQLite does not know any more. The statement must have
// been finalized.
func (c *counter) detach(s *Stmt) {
	if c.original != 0 {
		s.conn.free(c.original)
	}
	*c = counter{}
}

// replaced reports whether SQLite has compiled the statement anew, to a program without
// counters.
func (c *counter) replaced(s *Stmt) bool { return c.program != 0 && vdbe(s).FaOp != c.program }

// stale reports whether the schema has changed since the statement was compiled. SQLite would
// compile it anew when it runs, without counters; an EXPLAIN would answer for the old schema.
func (c *counter) stale(s *Stmt) bool { return c.schema != s.conn.schema() }

// start sets the counters to zero.
func (c *counter) start(s *Stmt) {
	if c.replaced(s) {
		c.detach(s)
		c.attach(s)
	}
	for _, list := range [...][]*int32{c.reads, c.writes} {
		for _, n := range list {
			*n = 0
		}
	}
	if c.expires {
		s.conn.expired++
	}
	c.read, c.written = 0, 0
	for _, i := range moves {
		vdbe(s).FaCounter[i] = 0
	}
}

// totals returns the rows read and written since start.
func (c *counter) totals(s *Stmt) (read, written int64) {
	read, written = c.read, c.written
	for _, i := range moves {
		read += int64(vdbe(s).FaCounter[i])
	}
	if c.replaced(s) {
		// For writes, SQLite's count of changed rows is the closest there is.
		if !s.readonly {
			written = int64(lib.Xsqlite3_changes64(s.conn.tls, s.conn.c))
		}
		return read, written
	}
	for _, n := range c.reads {
		read += int64(*n)
	}
	for _, n := range c.writes {
		written += int64(*n)
	}
	return read, written
}

// keepSubtypes lets the result of a scalar subquery stay JSON. This SQLite takes the
// subtype of such a result away (https://sqlite.org/c3ref/value_subtype.html), so
// that json_array((SELECT json_array(1))) quotes it; workerd's does not. The opcode
// that takes it away is the last one of the subquery's routine, before the
// OP_Return that also falls through. Everywhere else both have it.
func keepSubtypes(ops []lib.TVdbeOp) {
	for i := 1; i < len(ops); i++ {
		if ops[i].Fopcode == lib.OP_Return && ops[i].Fp3 == 1 && ops[i-1].Fopcode == lib.OP_ClrSubtype {
			ops[i-1] = lib.TVdbeOp{Fopcode: lib.OP_Noop}
		}
	}
}

// instrument returns a copy of a program of n opcodes with counters in it, and
// its length, or 0 if there is nothing to count.
func (c *counter) instrument(s *Stmt, aOp uintptr, n int32) (uintptr, int32) {
	ops := unsafe.Slice((*lib.TVdbeOp)(ptr(aOp)), n)
	keepSubtypes(ops)
	temporary, exact, table := map[int32]bool{}, map[int32]bool{}, map[int32]bool{} // cursors
	for i := range ops {
		op := &ops[i]
		switch op.Fopcode {
		case lib.OP_OpenEphemeral, lib.OP_OpenAutoindex, lib.OP_OpenDup:
			temporary[op.Fp1] = true
		case lib.OP_OpenRead, lib.OP_OpenWrite, lib.OP_ReopenIdx:
			if op.Fp5&lib.OPFLAG_SEEKEQ != 0 {
				exact[op.Fp1] = true
			}
			table[op.Fp1] = op.Fp4type != lib.P4_KEYINFO
		}
	}
	w := writer{ops: slices.Clone(ops)}
	for i := int32(0); i < n; i++ {
		switch op := ops[i]; op.Fopcode {
		case lib.OP_Rewind, lib.OP_Sort, lib.OP_SorterSort, lib.OP_Last, lib.OP_NotExists:
			w.move(i)
			w.read()
			w.back(op, i)
		case lib.OP_SeekEnd:
			w.move(i)
			w.probe(&probeEnd, 0, op.Fp1)
			w.back(op, i)
		case lib.OP_VNext:
			w.move(i)
			w.probe(&probeRow, 0, op.Fp1)
			w.back(op, i)
		case lib.OP_SeekRowid:
			w.move(i)
			w.key(&probeRowid, op.Fp3)
			w.back(op, i)
		case lib.OP_SeekLT, lib.OP_SeekLE, lib.OP_SeekGE, lib.OP_SeekGT:
			w.move(i)
			switch {
			case table[op.Fp1]:
				w.key(&probeKey, op.Fp3)
			case exact[op.Fp1] && i+1 < n && (ops[i+1].Fopcode == lib.OP_IdxGT || ops[i+1].Fopcode == lib.OP_IdxLT):
				// It counts if it finds its key, and then it skips the opcode behind it.
				w.put(op)
				w.put(ops[i+1])
				w.read()
				w.put(lib.TVdbeOp{Fopcode: lib.OP_Goto, Fp2: i + 2})
				continue
			default:
				w.read()
			}
			w.back(op, i)
		case lib.OP_SeekScan:
			// It looks at the operands of the seek behind it, and falls through or jumps over it.
			if i+1 == n {
				continue
			}
			w.move(i)
			w.put(op)
			operands := ops[i+1]
			operands.Fopcode = lib.OP_Noop
			w.put(operands)
			w.put(lib.TVdbeOp{Fopcode: lib.OP_Goto, Fp2: i + 1})
		case lib.OP_Insert:
			if !temporary[op.Fp1] && op.Fp5&lib.OPFLAG_ISNOOP == 0 {
				w.move(i)
				w.write()
				w.back(op, i)
			}
		case lib.OP_IdxInsert:
			if !temporary[op.Fp1] {
				w.move(i)
				w.write()
				w.back(op, i)
			}
		case lib.OP_Delete:
			if !temporary[op.Fp1] && op.Fp2&lib.OPFLAG_NCHANGE != 0 {
				w.move(i)
				w.write()
				w.back(op, i)
			}
		case lib.OP_Expire:
			c.expires = true
		case lib.OP_VUpdate:
			w.move(i)
			w.changing(op, i)
		case lib.OP_Count:
			op.Fp3 = 0 // ANALYZE estimates without sqlite_stat4; workerd's is built to count
			w.move(i)
			w.put(op)
			w.probe(&probeCount, op.Fp2, 0)
			w.put(lib.TVdbeOp{Fopcode: lib.OP_Goto, Fp2: i + 1})
		case lib.OP_Clear:
			if op.Fp3 != 0 {
				w.move(i)
				w.changing(op, i)
			}
		}
	}
	if len(w.ops) == int(n) {
		return 0, 0
	}
	return w.install(c, s), int32(len(w.ops))
}

// writer appends counters to a program.
type writer struct {
	ops           []lib.TVdbeOp
	reads, writes []int32 // indexes of the OP_Trace
	probes        []probed
}

type probed struct {
	at int32
	probe
}

// move replaces the opcode at i by a jump to the opcode that is put next.
func (w *writer) move(i int32) { w.ops[i] = lib.TVdbeOp{Fopcode: lib.OP_Goto, Fp2: w.next()} }

// back puts the opcode that was at i, and a jump to i+1.
func (w *writer) back(op lib.TVdbeOp, i int32) {
	w.put(op)
	w.put(lib.TVdbeOp{Fopcode: lib.OP_Goto, Fp2: i + 1})
}

func (w *writer) next() int32 { return int32(len(w.ops)) }

func (w *writer) put(op lib.TVdbeOp) { w.ops = append(w.ops, op) }

func (w *writer) trace() int32 {
	w.put(lib.TVdbeOp{Fopcode: lib.OP_Trace, Fp2: w.next() + 1})
	return w.next() - 1
}

func (w *writer) read()  { w.reads = append(w.reads, w.trace()) }
func (w *writer) write() { w.writes = append(w.writes, w.trace()) }

// key counts a search by the key in a register. A key that is an integer, as most are,
// needs no probe.
func (w *writer) key(f *lib.TFuncDef, register int32) {
	at := w.next()
	w.put(lib.TVdbeOp{Fopcode: lib.OP_IsType, Fp1: -1, Fp2: at + 3, Fp3: register, Fp5: 1 << (lib.SQLITE_INTEGER - 1)})
	w.probe(f, register, 0)
	w.put(lib.TVdbeOp{Fopcode: lib.OP_Goto, Fp2: at + 4})
	w.read()
}

// changing puts an opcode between two probes, since SQLite itself counts the rows that it writes.
func (w *writer) changing(op lib.TVdbeOp, i int32) {
	w.probe(&probeUnchanged, 0, 0)
	w.put(op)
	w.probe(&probeChanged, 0, 0)
	w.put(lib.TVdbeOp{Fopcode: lib.OP_Goto, Fp2: i + 1})
}

// probe puts a call of f with the value of a register, or without an argument if register is 0. To
// SQLite the call is a step of an aggregate function whose accumulator is register 0, the memory of
// cursor 0. SQLite counts the steps there, in a field that a cursor does not use.
func (w *writer) probe(f *lib.TFuncDef, register, cursor int32) {
	p := probe{context: lib.Tsqlite3_context{FpFunc: uintptr(unsafe.Pointer(f))}, cursor: cursor}
	if register != 0 {
		p.context.Fargc = 1
	}
	w.probes = append(w.probes, probed{w.next(), p})
	w.put(lib.TVdbeOp{Fopcode: lib.OP_AggStep1, Fp2: register})
}

// install copies the program to C memory, which SQLite frees with the statement.
func (w *writer) install(c *counter, s *Stmt) uintptr {
	size := len(w.ops) * int(unsafe.Sizeof(lib.TVdbeOp{}))
	program := s.conn.malloc(size + len(w.probes)*int(unsafe.Sizeof(probe{})))
	ops := unsafe.Slice((*lib.TVdbeOp)(ptr(program)), len(w.ops))
	copy(ops, w.ops)
	for _, at := range w.reads {
		c.reads = append(c.reads, &ops[at].Fp1)
	}
	for _, at := range w.writes {
		c.writes = append(c.writes, &ops[at].Fp1)
	}
	for i, p := range w.probes {
		at := program + uintptr(size) + uintptr(i)*unsafe.Sizeof(probe{})
		p.context.FpVdbe, p.counter = s.c, uintptr(unsafe.Pointer(c))
		*(*probe)(ptr(at)) = p.probe
		*(*uintptr)(unsafe.Pointer(&ops[p.at].Fp4)) = at
	}
	return program
}
