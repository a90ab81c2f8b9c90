package finding

// automaton finds many fragments in one pass over a text (Aho and Corasick,
// "Efficient string matching", 1975). Its time is linear in the text, however
// many fragments there are.
type automaton struct {
	root  [256]int32 // the states after one byte
	edges [][]edge   // per state, where it goes on
	fail  []int32    // the state of the longest proper suffix
	link  []int32    // the next state on the way of fail that has fragments
	found [][]int    // per state, the fragments that end there
}

type edge struct {
	by byte
	to int32
}

func newAutomaton(fragments []string) *automaton {
	a := &automaton{}
	a.add()
	for i, fragment := range fragments {
		state := int32(0)
		for at := range len(fragment) {
			to, ok := a.next(state, fragment[at])
			if !ok {
				to = a.add()
				a.edges[state] = append(a.edges[state], edge{fragment[at], to})
				if state == 0 {
					a.root[fragment[at]] = to
				}
			}
			state = to
		}
		a.found[state] = append(a.found[state], i)
	}
	for queue := []int32{0}; len(queue) > 0; queue = queue[1:] {
		from := queue[0]
		for _, e := range a.edges[from] {
			if from != 0 {
				a.fail[e.to] = a.step(a.fail[from], e.by)
			}
			if a.link[e.to] = a.fail[e.to]; len(a.found[a.link[e.to]]) == 0 {
				a.link[e.to] = a.link[a.link[e.to]]
			}
			queue = append(queue, e.to)
		}
	}
	return a
}

// add makes a state.
func (a *automaton) add() int32 {
	a.edges, a.fail, a.link, a.found = append(a.edges, nil), append(a.fail, 0), append(a.link, 0), append(a.found, nil)
	return int32(len(a.edges) - 1)
}

// next is where a state goes on without falling back.
func (a *automaton) next(state int32, c byte) (int32, bool) {
	if state == 0 {
		return a.root[c], a.root[c] != 0
	}
	for _, e := range a.edges[state] {
		if e.by == c {
			return e.to, true
		}
	}
	return 0, false
}

func (a *automaton) step(state int32, c byte) int32 {
	for {
		if to, ok := a.next(state, c); ok || state == 0 {
			return to
		}
		state = a.fail[state]
	}
}

// each calls hit for every fragment that ends at the state.
func (a *automaton) each(state int32, hit func(fragment int)) {
	for ; state != 0; state = a.link[state] {
		for _, fragment := range a.found[state] {
			hit(fragment)
		}
	}
}
