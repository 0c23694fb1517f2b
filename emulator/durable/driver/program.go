package driver

// Program is a Worker with its classes, as a front end makes it.
type Program struct {
	Worker  Worker
	Classes []Class
	// Close frees what the front end holds for the program, once no world uses it.
	Close func() error
}
