/** Copies text. Where the browser does not allow that, selects the element that
 * shows it, so that the person can; returns whether it was copied. */
export async function copyText(text: string, shownIn: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(shownIn);
    return false;
  }
}
