package app

import "time"

// Task is one thing that a person has done to one or many customers from the dashboard. It
// is done in steps, goes on after a restart, and can be taken back until [Task.Until].
type Task struct {
	Row    int64
	Action TaskAction
	State  TaskState
	By     string // who asked: an e-mail address
	// List is the id of the list joined or left, Title its title then.
	List, Title string
	// Attribute is the name of what is set, Value its raw JSON; nil removes it. Of those who
	// join an account Value is the role, a JSON text, or nil.
	Attribute string
	Value     []byte
	// Into is the row of the customer that another is merged into, or of the account that is
	// joined or left, UID its id then.
	Into int64
	UID  string
	// Total is how many customers were chosen, Done how many were looked at, Changed for how
	// many of them something changed.
	Total, Done, Changed int64
	// Restored is how many the undo put back, Kept how many it left, for they changed since.
	Restored, Kept int64
	CreatedAt      Instant
	FinishedAt     Instant // 0 while it goes on
	// Until is when what the undo needs is let go; 0 once that is done.
	Until Instant
	Error string
}

// UndoTime is how long a task can be taken back: a weekend lies in it. What was deleted is
// kept for as long, apart from everything else, unless it is erased.
const UndoTime = 72 * time.Hour

// TaskAction says what a task does.
type TaskAction uint8

// The actions. They are stored: append only.
const (
	TaskJoinList TaskAction = iota + 1
	TaskLeaveList
	TaskArchive
	TaskUnarchive
	TaskDelete
	TaskSetAttribute // or removes it
	TaskMerge        // of the chosen customer into another
	TaskJoinAccount  // members of Into, with the role of Value
	TaskLeaveAccount
)

var taskActions = [...]string{TaskJoinList: "join_list", TaskLeaveList: "leave_list", TaskArchive: "archive", TaskUnarchive: "unarchive",
	TaskDelete: "delete", TaskSetAttribute: "set_attribute", TaskMerge: "merge",
	TaskJoinAccount: "join_account", TaskLeaveAccount: "leave_account"}

func (a TaskAction) String() string { return taskActions[a] }

// ParseTaskAction is the reverse of String.
func ParseTaskAction(s string) (TaskAction, bool) {
	for a, name := range taskActions {
		if name == s && s != "" {
			return TaskAction(a), true
		}
	}
	return 0, false
}

// TaskState is where a task stands.
type TaskState uint8

// The states. They are stored: append only.
const (
	TaskRunning TaskState = iota
	TaskDone
	TaskStopped // by a person, or by what Error says; what was done is done
	TaskUndoing
	TaskUndone
)

var taskStates = [...]string{"running", "done", "stopped", "undoing", "undone"}

func (s TaskState) String() string { return taskStates[s] }

// Undoable reports whether a task can be taken back at an instant.
func (t *Task) Undoable(now Instant) bool {
	return (t.State == TaskDone || t.State == TaskStopped) && t.Changed > 0 && now < t.Until
}
