package durable

// https://developers.cloudflare.com/durable-objects/api/namespace/

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Env holds the bindings of wrangler.jsonc.
type Env struct{ env driver.Env }

// Var returns a text variable or secret, or "" if there is none.
func (e *Env) Var(name string) string {
	text, _, _, _ := e.env.Var(name)
	return text
}

// JSON decodes a variable that is JSON in wrangler.jsonc into v, as encoding/json
// does. If there is no such variable it returns an error and does not change v.
func (e *Env) JSON(name string, v any) error {
	_, _, data, ok := e.env.Var(name)
	if !ok {
		return fmt.Errorf("durable: no variable %q", name)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("durable: variable %q: %w", name, err)
	}
	return nil
}

// DurableObject returns the namespace bound to name. If there is no such binding, the
// calls of its stubs return [ErrNoBinding].
func (e *Env) DurableObject(name string) *Namespace {
	n, ok := e.env.Namespace(name)
	if !ok {
		n = unbound{}
	}
	return &Namespace{n}
}

// Namespace is a Durable Object binding.
type Namespace struct{ n driver.Namespace }

// GetByName is the same as Get(IDFromName(name)).
func (n *Namespace) GetByName(name string) *Stub { return n.Get(n.IDFromName(name)) }

// Get returns a stub of the object with that id. It does not start the object.
func (n *Namespace) Get(id ID) *Stub { return &Stub{n.n.Get(id.id)} }

// IDFromName derives an id from a name; the same name gives the same id.
func (n *Namespace) IDFromName(name string) ID { return ID{n.n.IDFromName(name)} }

// IDFromString parses what [ID.String] returned, in either case.
func (n *Namespace) IDFromString(hex string) (ID, error) {
	id, err := n.n.IDFromString(hex)
	return ID{id}, caught(err)
}

// NewUniqueID makes a random id.
func (n *Namespace) NewUniqueID() ID { return ID{n.n.NewUniqueID()} }

// Jurisdiction restricts the namespace; "" is no restriction. Like workerd, the
// emulator has no jurisdictions, and returns Cloudflare's error for any other.
func (n *Namespace) Jurisdiction(j string) (*Namespace, error) {
	r, err := n.n.Jurisdiction(j)
	if err != nil {
		return nil, caught(err)
	}
	return &Namespace{r}, nil
}

// ID is a Durable Object id. The operator == compares the names of two IDs too;
// [ID.Equals] compares only the ids, as Cloudflare does.
type ID struct{ id driver.ID }

// String returns 64 lower-case hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id.id.Bytes[:]) }

// Name returns the name given to [Namespace.IDFromName], or "".
func (id ID) Name() string { return id.id.Name }

// Equals reports whether both are the id of the same object.
func (id ID) Equals(other ID) bool { return id.id.Bytes == other.id.Bytes }

// Stub is a client of one object. Errors come from its calls. After the object was
// reset all calls of the stub fail: get a new one.
type Stub struct{ s driver.Stub }

// ID returns the object's id.
func (s *Stub) ID() ID { return ID{s.s.ID()} }

// Name returns the name that the stub was made with, or "".
func (s *Stub) Name() string { return s.s.ID().Name }

// Fetch sends a request to the object. A handler may pass on the request that it has
// received, and return the response as it is, also a WebSocket upgrade.
func (s *Stub) Fetch(ctx context.Context, r *Request) (*Response, error) {
	if r.URL == nil || !r.URL.IsAbs() {
		text := ""
		if r.URL != nil {
			text = r.URL.String()
		}
		return nil, &Error{Name: "TypeError", Message: "Invalid URL: " + text}
	}
	o := newOperation[*driver.Response](ctx)
	started, err := s.s.StartFetch(ctx, sent(r), callerOf(ctx), o.done)
	return gotten(o.wait(ctx, started, err))
}

// Call calls an RPC method. It decodes the result into what result points at; result
// may be nil. An exception in the object is an [*Error] with Remote set. The arguments
// have at most 32 MiB serialized, and so does the result.
func (s *Stub) Call(ctx context.Context, method string, result any, args ...any) error {
	in := make([]driver.Value, len(args))
	for i, a := range args {
		v, err := valueOf(a)
		if err != nil {
			return fmt.Errorf("durable: argument %d of %s: %w", i+1, method, err)
		}
		in[i] = v
	}
	o := newOperation[driver.Value](ctx)
	started, err := s.s.StartCall(ctx, method, in, callerOf(ctx), o.done)
	out, err := o.wait(ctx, started, err)
	if err != nil {
		return err
	}
	if result == nil {
		return nil
	}
	return decodeValue(out, result)
}

// unbound is the namespace of a binding that does not exist.
type unbound struct{}

func (unbound) IDFromName(name string) driver.ID              { return driver.ID{Name: name, HasName: true} }
func (unbound) IDFromString(string) (driver.ID, error)        { return driver.ID{}, ErrNoBinding }
func (unbound) NewUniqueID() driver.ID                        { return driver.ID{} }
func (unbound) Jurisdiction(string) (driver.Namespace, error) { return nil, ErrNoBinding }
func (unbound) Get(id driver.ID) driver.Stub                  { return unboundStub{id} }

type unboundStub struct{ id driver.ID }

func (s unboundStub) ID() driver.ID { return s.id }
func (unboundStub) StartFetch(context.Context, *driver.Request, driver.Place, func(*driver.Response, error)) (driver.Operation, error) {
	return nil, ErrNoBinding
}
func (unboundStub) StartCall(context.Context, string, []driver.Value, driver.Place, func(driver.Value, error)) (driver.Operation, error) {
	return nil, ErrNoBinding
}
