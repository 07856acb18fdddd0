import { templateEndless } from './failures';
import { tooSlow, withTimeLimit } from './timeLimit';

/** Milliseconds for the first row; a sound template takes less than ten. */
const firstRowTime = 250;

/**
 * The same function with a time limit the first time it is called. A template that never ends shows at its first row;
 * a limit for each of a million rows would cost more than the rows themselves.
 * @throws Failure `dataset-template-endless`
 */
export function limitedAtFirst<T>(render: (variables: T) => string, isOwn: boolean): (variables: T) => string {
  let isTried = false;
  return (variables) => {
    if (isTried) return render(variables);
    const text = withTimeLimit(firstRowTime, () => render(variables));
    if (text === tooSlow) throw templateEndless(isOwn);
    isTried = true;
    return text;
  };
}
