import type { APIRoute } from 'astro'
import { fullText } from '../site/MarkdownSite.ts'

export const GET: APIRoute = async () =>
  new Response(await fullText(), { headers: { 'content-type': 'text/plain; charset=utf-8' } })
