/** Fields with a real label, a hint, and a fault that says what is missing. */
import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { t } from '../catalogue/catalogue.ts';
import { Icon } from './icon.tsx';

interface FieldProps {
  name: string;
  aside?: string;
  value: string;
  onInput: (value: string) => void;
  fault?: string;
  hint?: ComponentChildren;
  rows?: number;
  type?: 'text' | 'email';
  inputMode?: 'tel' | 'text' | 'email';
  autoComplete?: string;
  maxLength?: number;
  placeholder?: string;
  hideName?: boolean;
  /** A reference to the input or the text area, for giving it the focus. */
  control?: { current: HTMLElement | null };
}

export function Field(props: FieldProps) {
  const { name, aside, value, onInput, fault, hint, rows, hideName, control } = props;
  const id = useId();
  const shared = {
    id,
    value,
    ref: take(control),
    class: `input${fault ? ' input--fault' : ''}`,
    'aria-invalid': fault ? true : undefined,
    'aria-describedby': fault || hint ? `${id}-more` : undefined,
    maxLength: props.maxLength,
    placeholder: props.placeholder,
    onInput: (event: { currentTarget: { value: string } }) => onInput(event.currentTarget.value),
  };
  return (
    <div class="field">
      <label class={hideName ? 'sr' : 'field__name'} for={id}>
        {name}
      </label>
      {aside ? <small class="field__aside">{aside}</small> : null}
      {rows ? (
        <textarea {...shared} rows={rows} />
      ) : (
        <input
          {...shared}
          type={props.type ?? 'text'}
          list={undefined}
          inputMode={props.inputMode}
          autoComplete={props.autoComplete}
        />
      )}
      {fault ? <Fault id={`${id}-more`}>{fault}</Fault> : hint ? <div id={`${id}-more`}>{hint}</div> : null}
    </div>
  );
}

export function PasswordField(props: Omit<FieldProps, 'type' | 'rows'>) {
  const { name, aside, value, onInput, fault, hint, control } = props;
  const [shown, setShown] = useState(false);
  const id = useId();
  return (
    <div class="field">
      <label class="field__name" for={id}>
        {name}
      </label>
      {aside ? <small class="field__aside">{aside}</small> : null}
      <span class="with-btn">
        <input
          id={id}
          ref={take(control)}
          class={`input big${fault ? ' input--fault' : ''}`}
          {...(shown ? ({ type: 'text', list: undefined } as const) : ({ type: 'password' } as const))}
          autoComplete={props.autoComplete}
          value={value}
          aria-invalid={fault ? true : undefined}
          aria-describedby={fault || hint ? `${id}-more` : undefined}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
        <button
          type="button"
          class="iconbtn"
          aria-label={t(shown ? 'field.hide_password' : 'field.show_password')}
          onClick={() => setShown(!shown)}
        >
          <Icon name="eye" />
        </button>
      </span>
      {fault ? <Fault id={`${id}-more`}>{fault}</Fault> : hint ? <div id={`${id}-more`}>{hint}</div> : null}
    </div>
  );
}

function take(control: FieldProps['control']) {
  return (element: HTMLElement | null): void => {
    if (control) control.current = element;
  };
}

export function Fault({ id, children }: { id?: string; children: ComponentChildren }) {
  return (
    <p class="hint hint--fault" id={id} role="alert">
      <Icon name="warning" />
      <span>{children}</span>
    </p>
  );
}

export function Hint({
  icon = 'info',
  ok = false,
  children,
}: {
  icon?: string;
  ok?: boolean;
  children: ComponentChildren;
}) {
  return (
    <p class={ok ? 'hint hint--ok' : 'hint'}>
      <Icon name={icon} />
      <span>{children}</span>
    </p>
  );
}

interface SegmentProps<T extends string> {
  name: string;
  value: T | '';
  choices: readonly { value: T; label: ComponentChildren }[];
  onChange: (value: T) => void;
  column?: boolean;
  showName?: boolean;
}

/** Two to four exclusive answers: real radio buttons. */
export function Segment<T extends string>({
  name,
  value,
  choices,
  onChange,
  column,
  showName,
}: SegmentProps<T>) {
  const group = useId();
  return (
    <fieldset class="field">
      <legend class={showName ? 'field__name' : 'sr'}>{name}</legend>
      <div class={column ? 'seg seg--column' : 'seg'}>
        {choices.map((choice) => (
          <label key={choice.value}>
            <input
              type="radio"
              name={group}
              checked={choice.value === value}
              onChange={() => onChange(choice.value)}
            />
            <span>{choice.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
