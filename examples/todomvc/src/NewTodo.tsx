import { useCommit } from '@headwater/react'
import { type KeyboardEvent, type ReactNode, useState } from 'react'
import { todoAdded } from './Todos.ts'

export const NewTodo = (): ReactNode => {
  const commit = useCommit()
  const [text, setText] = useState('')
  const add = ({ key, nativeEvent }: KeyboardEvent): void => {
    const title = text.trim()
    // Enter may only end the composing of a character.
    if (key !== 'Enter' || nativeEvent.isComposing || title === '') return
    commit(todoAdded({ id: crypto.randomUUID(), title }))
    setText('')
  }
  return (
    <input
      className="new-todo"
      placeholder="What needs to be done?"
      aria-label="New todo"
      autoFocus
      enterKeyHint="done"
      value={text}
      onChange={({ target }) => setText(target.value)}
      onKeyDown={add}
    />
  )
}
