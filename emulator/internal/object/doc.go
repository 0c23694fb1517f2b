// Package object runs the events of Durable Objects, one at a time in each object.
//
// An [Object] outlives its instances. An instance is one construction of the class. It leaves
// memory by eviction, by hibernation, which keeps its sockets, or by a reset. An event is one run
// of user code in an instance: a handler, the constructor or a function given to waitUntil. It has
// the turn while it runs and gives the turn up where it waits. There the output gate commits the
// event's writes, sends its frames and starts its requests, in this order.
package object
