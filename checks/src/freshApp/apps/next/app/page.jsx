'use client'
import dynamic from 'next/dynamic'

// A store lives in the browser: there is nothing to render on the server.
const Notes = dynamic(() => import('./Notes.jsx'), { ssr: false, loading: () => <p>Opening …</p> })

export default function Page() {
  return <Notes />
}
