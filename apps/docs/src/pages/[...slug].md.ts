/** Each page as the Markdown that it is made of, at `index.md` below its address. */
import type { APIRoute, GetStaticPaths } from 'astro'
import { pageMarkdown, sitePages } from '../site/MarkdownSite.ts'

export const getStaticPaths: GetStaticPaths = async () => {
  const pages = await sitePages()
  return pages.map((page) => ({
    params: { slug: page.id === 'index' ? 'index' : `${page.id}/index` },
    props: { page },
  }))
}

export const GET: APIRoute = ({ props }) =>
  new Response(pageMarkdown(props['page'] as never), { headers: { 'content-type': 'text/markdown; charset=utf-8' } })
