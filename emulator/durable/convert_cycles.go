package durable

import "github.com/seed-36a2c969/emu/emulator/durable/driver"

// cyclic returns the objects under v that can be reached from themselves. It is
// Tarjan's algorithm for strongly connected components.
func cyclic(v driver.Value) map[driver.Value]bool {
	c := cycles{low: map[driver.Value]int{}, found: map[driver.Value]bool{}}
	c.visit(v)
	return c.found
}

type cycles struct {
	low   map[driver.Value]int // the first object that this one is known to reach; 0 if it is done
	stack []driver.Value
	next  int
	found map[driver.Value]bool
}

func (c *cycles) visit(v driver.Value) {
	c.next++
	number := c.next
	c.low[v] = number
	from := len(c.stack)
	c.stack = append(c.stack, v)
	children(v, func(child driver.Value) {
		low, seen := c.low[child]
		switch {
		case !seen:
			c.visit(child)
			low = c.low[child]
		case child == v:
			c.found[v] = true
		}
		if low > 0 {
			c.low[v] = min(c.low[v], low)
		}
	})
	if c.low[v] < number {
		return
	}
	for _, member := range c.stack[from:] {
		c.low[member] = 0
		if len(c.stack)-from > 1 {
			c.found[member] = true
		}
	}
	c.stack = c.stack[:from]
}

// children calls f with the objects that v refers to.
func children(v driver.Value, f func(driver.Value)) {
	object := func(v driver.Value) {
		if holdsOthers(v) {
			f(v)
		}
	}
	properties := func(list []driver.Property) {
		for _, p := range list {
			object(p.Value)
		}
	}
	switch v := v.(type) {
	case *driver.Object:
		properties(v.Properties)
	case *driver.Array:
		for _, e := range v.Elements {
			object(e)
		}
		properties(v.Properties)
	case *driver.Map:
		for _, e := range v.Entries {
			object(e.Key)
			object(e.Value)
		}
	case *driver.Set:
		for _, m := range v.Values {
			object(m)
		}
	case *driver.ErrorValue:
		properties(v.Properties)
	case *driver.Opaque:
		object(v.Value)
	}
}

// holdsOthers tells whether values of v's class can refer to others.
func holdsOthers(v driver.Value) bool {
	switch v.(type) {
	case *driver.Object, *driver.Array, *driver.Map, *driver.Set, *driver.ErrorValue, *driver.Opaque:
		return true
	}
	return false
}
