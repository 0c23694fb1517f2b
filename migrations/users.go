package migrations

// Who else has the state open: Wrangler takes no lock.

// Process is a running program.
type Process struct {
	PID  int
	Name string // as the system lists it, such as "workerd"
}

// Users lists the other processes that have a file of the local state below
// persist open, such as a running wrangler dev that shares it. It is for a
// hint: it looks on Linux only, for a fifth of a second at most, and sees only
// processes of the same user.
func Users(persist string) []Process {
	if persist == "" {
		return nil
	}
	return users(Dir(persist))
}
