package store

// rowsRead and rowsWritten
// (https://developers.cloudflare.com/durable-objects/platform/pricing/#sqlite-storage-backend).
//
// workerd's SQLite is patched to count rows while it runs a statement
// (patches/sqlite/0001-row-counts-plain.patch, from libSQL): certain opcodes
// of the compiled program (https://sqlite.org/opcode.html) add one to a
// counter. An unpatched SQLite counts only how often a cursor moves on. For
// the rest, the program of a user statement is given counters here: such an
// opcode is moved to the end of the program, behind an OP_Trace, which counts
// in its own P1 how often it ran and is not used for anything else.
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
// tell when a new version of it does things in another way.
//
// Not exact: a seek by a key that is no number in a rowid table counts as a row
// read, and a seek behind OP_SeekScan does not; a writing statement that SQLite
// compiles anew by itself while it starts, because another process changed the
// schema, counts approximately; so does CREATE INDEX where the index has several
// pages. And this SQLite is built in another way: a range
// made from LIKE or GLOB is searched once, not once more for blobs.

import (
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// counter counts the rows of one statement.
type counter struct {
	reads, writes []*int32 // P1 of the OP_Trace before what reads or writes
	ends          []*int32 // of OP_SeekEnd
	clears        bool     // empties a table by OP_Clear, or ignores what a virtual table refuses

	tally   uintptr // *tally, if there is an OP_Count
	cleared int64   // written by it

	schema  [3]int32 // what the statement was compiled for
	expires bool     // it makes SQLite compile every statement anew
	program uintptr  // what runs, 0 of an EXPLAIN
	spare   uintptr  // what it was made of, if it has counters: the statement's registers live in its end
}

// tally is C memory: an aggregate function that adds up the rows of every OP_Count,
// each of which is followed by a step of it.
type tally struct {
	function lib.TFuncDef
	rows     int64
}

// tallyStep is what SQLite needs for one such step.
type tallyStep struct {
	context lib.Tsqlite3_context
	arg     uintptr // *sqlite3_value, which SQLite sets to the register of the result
}

func addRows(tls *libc.TLS, context uintptr, _ int32, args uintptr) {
	rows := (*int64)(ptr(lib.Xsqlite3_user_data(tls, context)))
	*rows += lib.Xsqlite3_value_int64(tls, *wordAt(args))
}

// moves are the counters SQLite keeps itself of the opcodes that move a
// cursor on: without a name, SQLITE_STMTSTATUS_FULLSCAN_STEP and _AUTOINDEX.
var moves = [...]int{0, lib.SQLITE_STMTSTATUS_FULLSCAN_STEP, lib.SQLITE_STMTSTATUS_AUTOINDEX}

// schema tells one version of the schema from another, as OP_Transaction does, and
// what was compiled before an OP_Expire.
func (db *DB) schema() [3]int32 {
	c := (*lib.Tsqlite3)(ptr(db.c))
	schema := (*lib.TSchema)(ptr((*lib.TDb)(ptr(c.FaDb)).FpSchema))
	return [3]int32{schema.Fschema_cookie, schema.FiGeneration, db.expired}
}

func vdbe(s *stmt) *lib.TVdbe { return (*lib.TVdbe)(ptr(s.c)) }

// attach gives a fresh statement its counters.
func (c *counter) attach(s *stmt) {
	*c = counter{schema: s.db.schema()}
	v := vdbe(s)
	if lib.Xsqlite3_stmt_isexplain(s.db.tls, s.c) != 0 {
		return
	}
	if program, n := c.instrument(s.db, v.FaOp, v.FnOp, true); program != 0 {
		c.spare = v.FaOp
		v.FaOp, v.FnOp = program, n
	}
	c.program = v.FaOp
	for p := v.FpProgram; p != 0; { // of triggers and foreign keys
		sub := (*lib.TSubProgram)(ptr(p))
		if program, n := c.instrument(s.db, sub.FaOp, sub.FnOp, false); program != 0 {
			s.db.free(sub.FaOp)
			sub.FaOp, sub.FnOp = program, n
		}
		p = sub.FpNext
	}
}

// detach frees what SQLite does not, after the statement was finalized.
func (c *counter) detach(s *stmt) {
	if c.spare != 0 {
		s.db.free(c.spare)
	}
	if c.tally != 0 {
		s.db.free(c.tally)
	}
	*c = counter{}
}

// lost reports whether SQLite has compiled the statement anew by itself.
func (c *counter) lost(s *stmt) bool { return c.program != 0 && vdbe(s).FaOp != c.program }

// stale reports whether SQLite is about to. An EXPLAIN it would answer as it was
// compiled, and what had nothing to do may have something to count now.
func (c *counter) stale(s *stmt) bool { return c.schema != s.db.schema() }

// start sets the counters to zero.
func (c *counter) start(s *stmt) {
	if c.lost(s) {
		c.detach(s)
		c.attach(s)
	}
	for _, list := range [...][]*int32{c.reads, c.ends, c.writes} {
		for _, n := range list {
			*n = 0
		}
	}
	if c.tally != 0 {
		(*tally)(ptr(c.tally)).rows = 0
	}
	if c.expires {
		s.db.expired++
	}
	c.cleared = 0
	for _, i := range moves {
		vdbe(s).FaCounter[i] = 0
	}
}

// started notes, after the first step, what is only there then.
func (c *counter) started(s *stmt) {
	if c.lost(s) {
		return
	}
	if c.clears {
		c.cleared = int64(lib.Xsqlite3_changes64(s.db.tls, s.db.c))
	}
}

// totals returns the rows read and written since start.
func (c *counter) totals(s *stmt) (read, written int64) {
	written = c.cleared
	if c.tally != 0 {
		read = (*tally)(ptr(c.tally)).rows
	}
	for _, i := range moves {
		read += int64(vdbe(s).FaCounter[i])
	}
	if c.lost(s) {
		if !s.readonly {
			written = int64(lib.Xsqlite3_changes64(s.db.tls, s.db.c))
		}
		return read, written
	}
	for _, n := range c.reads {
		read += int64(*n)
	}
	for _, n := range c.ends {
		read += int64(min(*n, 2))
	}
	for _, n := range c.writes {
		written += int64(*n)
	}
	return read, written
}

// What to do about an opcode.
type countKind int

const (
	countNot countKind = iota
	countRead
	countEnd   // counts while its cursor is nowhere, which it is twice
	countRowid // counts unless its key in P3 is NULL
	countFound // counts only if it does not jump
	countWrite
	countCount
)

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
func (c *counter) instrument(db *DB, aOp uintptr, n int32, main bool) (uintptr, int32) {
	ops := unsafe.Slice((*lib.TVdbeOp)(ptr(aOp)), n)
	keepSubtypes(ops)
	kinds := make([]countKind, n)
	extra, steps := int32(0), 0
	temporary, exact := map[int32]bool{}, map[int32]bool{} // cursors
	for i := range ops {
		op := &ops[i]
		switch op.Fopcode {
		case lib.OP_OpenEphemeral, lib.OP_OpenAutoindex, lib.OP_OpenDup:
			temporary[op.Fp1] = true
		case lib.OP_OpenRead, lib.OP_OpenWrite, lib.OP_ReopenIdx:
			if op.Fp5&lib.OPFLAG_SEEKEQ != 0 {
				exact[op.Fp1] = true
			}
		}
	}
	for i := range ops {
		op := &ops[i]
		switch op.Fopcode {
		case lib.OP_Rewind, lib.OP_Sort, lib.OP_SorterSort, lib.OP_Last, lib.OP_NotExists, lib.OP_VNext:
			kinds[i] = countRead
		case lib.OP_SeekEnd:
			kinds[i] = countEnd
		case lib.OP_SeekRowid:
			kinds[i] = countRowid
		case lib.OP_SeekLT, lib.OP_SeekLE, lib.OP_SeekGE, lib.OP_SeekGT:
			if kinds[i] = countRead; i > 0 && ops[i-1].Fopcode == lib.OP_SeekScan {
				kinds[i] = countNot // OP_SeekScan looks at it
			} else if exact[op.Fp1] && i+1 < len(ops) && (ops[i+1].Fopcode == lib.OP_IdxGT || ops[i+1].Fopcode == lib.OP_IdxLT) {
				kinds[i] = countFound
			}
		case lib.OP_Insert:
			if !temporary[op.Fp1] && op.Fp5&lib.OPFLAG_ISNOOP == 0 {
				kinds[i] = countWrite
			}
		case lib.OP_IdxInsert:
			if !temporary[op.Fp1] {
				kinds[i] = countWrite
			}
		case lib.OP_Delete:
			if !temporary[op.Fp1] && op.Fp2&lib.OPFLAG_NCHANGE != 0 {
				kinds[i] = countWrite
			}
		case lib.OP_Expire:
			c.expires = true
		case lib.OP_VUpdate:
			if main && op.Fp5 == lib.OE_Ignore {
				c.clears = true // only SQLite knows what it ignores
			} else {
				kinds[i] = countWrite
			}
		case lib.OP_Count:
			op.Fp3 = 0 // ANALYZE estimates without sqlite_stat4; workerd's is built to count
			kinds[i] = countCount
			steps++
		case lib.OP_Clear:
			c.clears = c.clears || op.Fp3 != 0
		}
		switch kinds[i] {
		case countNot:
		case countFound, countRowid:
			extra += 4
		default:
			extra += 3
		}
	}
	if extra == 0 {
		return 0, 0
	}

	size := int(n+extra) * int(unsafe.Sizeof(lib.TVdbeOp{}))
	program := db.malloc(size + steps*int(unsafe.Sizeof(tallyStep{})))
	step := program + uintptr(size)
	out := unsafe.Slice((*lib.TVdbeOp)(ptr(program)), n+extra)
	copy(out, ops)
	at := n
	put := func(op lib.TVdbeOp) *int32 {
		out[at] = op
		at++
		return &out[at-1].Fp1
	}
	for i, kind := range kinds {
		if kind == countNot {
			continue
		}
		back, op := int32(i)+1, ops[i]
		out[i] = lib.TVdbeOp{Fopcode: lib.OP_Goto, Fp2: at}
		if kind == countFound {
			// If it finds its key it skips the opcode behind it.
			put(op)
			put(ops[i+1])
			c.reads = append(c.reads, put(lib.TVdbeOp{Fopcode: lib.OP_Trace, Fp2: at + 1}))
			put(lib.TVdbeOp{Fopcode: lib.OP_Goto, Fp2: back + 1})
			continue
		}
		if kind == countRowid {
			put(lib.TVdbeOp{Fopcode: lib.OP_IsNull, Fp1: op.Fp3, Fp2: at + 2})
		}
		if kind == countCount {
			put(op)
			put(c.tallied(db, step, op.Fp2))
			put(lib.TVdbeOp{Fopcode: lib.OP_Goto, Fp2: back})
			step += unsafe.Sizeof(tallyStep{})
			continue
		}
		ran := put(lib.TVdbeOp{Fopcode: lib.OP_Trace, Fp2: at + 1})
		put(op)
		put(lib.TVdbeOp{Fopcode: lib.OP_Goto, Fp2: back})
		switch kind {
		case countRead, countRowid:
			c.reads = append(c.reads, ran)
		case countEnd:
			c.ends = append(c.ends, ran)
		case countWrite:
			c.writes = append(c.writes, ran)
		}
	}
	return program, n + extra
}

// tallied makes the opcode that adds up what an OP_Count has put into a register. Its
// memory is at step.
func (c *counter) tallied(db *DB, step uintptr, register int32) lib.TVdbeOp {
	if c.tally == 0 {
		c.tally = db.malloc(int(unsafe.Sizeof(tally{})))
		t := (*tally)(ptr(c.tally))
		*t = tally{function: lib.TFuncDef{FnArg: 1, FxSFunc: callback(addRows)}}
		t.function.FpUserData = c.tally + unsafe.Offsetof(t.rows)
	}
	*(*tallyStep)(ptr(step)) = tallyStep{context: lib.Tsqlite3_context{FpFunc: c.tally, Fargc: 1}}
	// The accumulator is the register itself: of a number the step leaves alone what counts.
	op := lib.TVdbeOp{Fopcode: lib.OP_AggStep1, Fp2: register, Fp3: register}
	*(*uintptr)(unsafe.Pointer(&op.Fp4)) = step
	return op
}
