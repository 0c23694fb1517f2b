package emulator

// Objects returns the objects that have been addressed since the world was
// made, in memory or not, in no particular order.
func (w *World) Objects() (all []*Object) {
	for _, o := range w.objects() {
		all = append(all, &Object{o, o.ID()})
	}
	return all
}
