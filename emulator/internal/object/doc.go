// Package object is the life of Durable Objects: events, whose turns a gate gives one at
// a time, and what keeps an object in memory.
//
// An [Object] outlives its instances. An instance is one construction of the class; it is
// evicted, hibernates with its sockets, or is reset. An event is one run of user code in
// an instance. It runs with the turn, which it gives up where it waits: there the output
// gate commits what was written, lets leave what was sent, and begins the operations that
// the event has asked for.
package object
