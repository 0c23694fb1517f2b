// Package durable lets a Go program be a Cloudflare Worker with Durable Objects.
//
// The same package runs natively in the emulator (go run . dev) and is written
// so that it compiles with GOOS=js GOARCH=wasm for Cloudflare's workerd.
//
// # Names
//
// A name is Cloudflare's name with a capital letter, so Cloudflare's
// documentation applies: acceptWebSocket is AcceptWebSocket. A "get" prefix is
// dropped (getWebSockets is WebSockets), thrown exceptions are errors, and what
// Cloudflare gives back as a promise takes a context and blocks.
//
// # Concurrency
//
// An object handles one event at a time. Handlers, the constructor and functions
// started by [State.WaitUntil] never run in parallel for one object, so a class
// needs no locks. Another event can start only while a handler is blocked in a
// call of this package that leaves the object: [Stub.Fetch], [Stub.Call], [Fetch],
// [Sleep], [Await], [WebSocket.Receive], and reading the body of a request or a
// response; this is JavaScript's await. Writes made so far are committed there.
// Those that wait go on in the order in which their waits end. Storage calls never
// let an event in. What [State.BlockConcurrencyWhile] runs lets none in at all.
// The body of a Response is read after the turn and must not touch the object.
//
// The context of an event is not cancelled when the client goes away; it is when
// the object is reset or evicted. A State, Storage or WebSocket kept from a reset
// instance returns [ErrReset].
//
// Do not use a go statement or a bare channel operation, mutex or time.Sleep in a
// class: use [State.WaitUntil], [Await] and [Sleep]. A goroutine that a class leaves
// running pins the object as a JavaScript timer does.
//
// # Hibernation
//
// An object that has had no event for 10 seconds, and that nothing pins, leaves
// memory. Sockets given to [State.AcceptWebSocket] stay open; the next event
// constructs the object anew, and [State.WebSockets] returns them with their
// tags and attachments. The runtime does not answer their Close frames: a
// WebSocketClose handler does, with [WebSocket.ReplyToClose].
//
// Source: https://developers.cloudflare.com/durable-objects/api/
package durable
