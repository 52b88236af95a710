/** Pictures from the sprite that the console uses too. */
import sprite from '../../../server/static/icons.svg?url';

export function Icon({ name }: { name: string }) {
  return (
    <svg class="icon" aria-hidden="true">
      <use href={`${sprite}#${name}`} />
    </svg>
  );
}

export function Logo() {
  return (
    <svg class="logo" aria-hidden="true">
      <use href={`${sprite}#logo`} />
    </svg>
  );
}

/** The picture of a crop; the dashed fields where it has none. */
export function CropPicture({ icon, small = false }: { icon: string | undefined; small?: boolean }) {
  return (
    <svg class={small ? 'crop crop--s' : 'crop'} aria-hidden="true">
      <use href={`${sprite}#crop-${icon || 'other'}`} />
    </svg>
  );
}
