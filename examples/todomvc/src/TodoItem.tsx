import type { Row } from '@headwater/core'
import { useCommit } from '@headwater/react'
import { type KeyboardEvent, memo, type MouseEvent, type ReactNode, useRef, useState } from 'react'
import { type todos, todoRenamed, todosCompleted, todosRemoved, todosReopened } from './Todos.ts'

type Todo = Row<typeof todos>

/** One todo. A commit renders the list and the todos that it changed. */
export const TodoItem = memo(({ todo }: { readonly todo: Todo }): ReactNode => {
  const [isEditing, setIsEditing] = useState(false)
  // Who edits by keyboard goes on where he was.
  const [hasFocus, setHasFocus] = useState(false)
  const classes = [todo.completed && 'completed', isEditing && 'editing'].filter(Boolean).join(' ')
  const endEditing = (byKey: boolean): void => {
    setIsEditing(false)
    setHasFocus(byKey)
  }
  return (
    <li className={classes} data-testid="todo-item">
      {isEditing ? (
        <EditTodo todo={todo} onDone={endEditing} />
      ) : (
        <ShowTodo todo={todo} hasFocus={hasFocus} onEdit={() => setIsEditing(true)} />
      )}
    </li>
  )
})

interface ShowTodoProps {
  readonly todo: Todo
  readonly hasFocus: boolean
  readonly onEdit: () => void
}

const ShowTodo = ({ todo: { id, title, completed }, hasFocus, onEdit }: ShowTodoProps): ReactNode => {
  const commit = useCommit()
  const editByKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' && event.key !== 'F2') return
    event.preventDefault()
    onEdit()
  }
  const remove = ({ currentTarget }: MouseEvent<HTMLButtonElement>): void => {
    const next = neighbour(currentTarget)
    commit(todosRemoved({ ids: [id] }))
    next?.focus()
  }
  return (
    <div className="view">
      <input
        className="toggle"
        type="checkbox"
        aria-label={title}
        aria-description="Enter edits"
        autoFocus={hasFocus}
        checked={completed}
        onChange={() => commit(completed ? todosReopened({ ids: [id] }) : todosCompleted({ ids: [id] }))}
        onKeyDown={editByKey}
      />
      <label data-testid="todo-title" onDoubleClick={onEdit}>
        {title}
      </label>
      <button className="destroy" aria-label={`Delete ${title}`} onClick={remove} />
    </div>
  )
}

/** Where the focus goes when a todo does. */
const neighbour = (button: HTMLElement): HTMLElement | null => {
  const item = button.closest('li')
  const beside = item?.nextElementSibling ?? item?.previousElementSibling
  return beside?.querySelector<HTMLElement>('.destroy') ?? document.querySelector<HTMLElement>('.new-todo')
}

interface EditTodoProps {
  readonly todo: Todo
  readonly onDone: (byKey: boolean) => void
}

const EditTodo = ({ todo: { id, title }, onDone }: EditTodoProps): ReactNode => {
  const commit = useCommit()
  const [text, setText] = useState(title)
  // Enter and Escape take the input away, which blurs it.
  const hasEnded = useRef(false)
  const end = (saves: boolean, byKey: boolean): void => {
    if (hasEnded.current) return
    hasEnded.current = true
    const renamed = text.trim()
    if (saves && renamed === '') commit(todosRemoved({ ids: [id] }))
    else if (saves && renamed !== title) commit(todoRenamed({ id, title: renamed }))
    onDone(byKey)
  }
  const endByKey = ({ key, nativeEvent }: KeyboardEvent): void => {
    if (nativeEvent.isComposing) return
    if (key === 'Enter') end(true, true)
    if (key === 'Escape') end(false, true)
  }
  return (
    <input
      className="edit"
      aria-label="Edit"
      autoFocus
      value={text}
      onChange={({ target }) => setText(target.value)}
      onBlur={() => end(true, false)}
      onKeyDown={endByKey}
    />
  )
}
